import type { StrategyConfig } from '../config/schema';
import type { AnswerLoss, Prediction, Seed } from '../records';
import type { Task } from '../tasks/task';

/** What must be measured before a strategy can score. */
export interface StrategyNeeds {
  /** The student's own answers to the pool. */
  readonly prediction: boolean;
  /** A forward pass over the answers of `strategy.target`. */
  readonly loss: boolean;
  /** Seeds with reference answers. */
  readonly reference: boolean;
}

/** What was measured. `null` where the strategy does not need it. */
export interface Measurements {
  /** Own answers, one for each seed. */
  readonly predictions: readonly Prediction[] | null;
  /** Of the answers that `strategy.target` names. */
  readonly losses: readonly AnswerLoss[] | null;
}

export interface ScoreInput {
  readonly strategy: StrategyConfig;
  /** Its check serves the scorers that look at right and wrong. */
  readonly task: Task;
  /** The whole pool. */
  readonly seeds: readonly Seed[];
  readonly measurements: Measurements;
}

export interface ScoredSeed {
  readonly id: string;
  readonly score: number | null;
  /**
   * `unreadable`: the answer has not the form of one, and what it scores is the scorer's definition.
   * `unmeasured`: there is no number (no answer, no reference, nothing finite). `unscored`: the strategy does not score.
   */
  readonly state: 'scored' | 'unreadable' | 'unmeasured' | 'unscored';
}

export function measurementsOf({ score, target }: StrategyConfig): StrategyNeeds {
  const loss = score === 'loss' || score === 'entropy';
  return {
    prediction: score === 'incorrect' || (loss && target === 'own'),
    loss,
    reference: score === 'incorrect' || (loss && target === 'reference'),
  };
}

/** One line for each seed, in the pool's order. */
export function scoreSeeds(input: ScoreInput): ScoredSeed[] {
  const scoreOf = scorerOf(input);
  return input.seeds.map((seed) => ({ id: seed.id, ...scoreOf(seed) }));
}

type Score = Omit<ScoredSeed, 'id'>;

const unmeasured: Score = { score: null, state: 'unmeasured' };

function scorerOf(input: ScoreInput): (seed: Seed) => Score {
  switch (input.strategy.score) {
    case 'random':
      return () => ({ score: null, state: 'unscored' });
    case 'loss':
      return lossScorer(input, ({ nllSum }) => nllSum);
    case 'entropy':
      return lossScorer(input, ({ entropySum }) => entropySum);
    case 'incorrect':
      return incorrectScorer(input);
  }
}

function lossScorer(
  { strategy: { score, per }, measurements: { losses } }: ScoreInput,
  sumOf: (loss: AnswerLoss) => number,
): (seed: Seed) => Score {
  const byId = new Map(mustHave(losses, score).map((loss) => [loss.id, loss]));
  return ({ id }) => {
    const loss = byId.get(id);
    if (loss === undefined || loss.tokens === 0) {
      return unmeasured;
    }
    const value = per === 'token' ? sumOf(loss) / loss.tokens : sumOf(loss);
    return Number.isFinite(value) ? { score: rounded(value), state: 'scored' } : unmeasured;
  };
}

/** 1 where the final answer is not the reference's. An unreadable answer is wrong, as in LLM2LLM, and says so in its state. */
function incorrectScorer({ task, measurements: { predictions } }: ScoreInput): (seed: Seed) => Score {
  const byId = new Map(mustHave(predictions, 'incorrect').map((prediction) => [prediction.id, prediction]));
  return ({ id, question, answer }) => {
    const prediction = byId.get(id);
    if (prediction === undefined || answer === null) {
      return unmeasured;
    }
    const verdict = task.check(question, answer, prediction.text);
    return { score: verdict.correct ? 0 : 1, state: verdict.wellFormed ? 'scored' : 'unreadable' };
  };
}

/** Six significant digits: what differs less is a tie, so the last bits of a matrix product decide no selection. */
const rounded = (value: number) => Number(value.toPrecision(6));

function mustHave<T>(measured: T | null, score: string): T {
  if (measured === null) {
    throw new RangeError(`score: ${score} needs measurements that were not made`);
  }
  return measured;
}
