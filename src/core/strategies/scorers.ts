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

export interface Measurements {
  /** Own answers, one for each seed; `null` where they are not needed. */
  readonly predictions: readonly Prediction[] | null;
  /** Of the answers that `strategy.target` names; `null` where they are not needed. */
  readonly losses: readonly AnswerLoss[] | null;
  /** The task's check, for scorers that look at right and wrong. */
  readonly check: Task['check'];
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
export function scoreSeeds(strategy: StrategyConfig, seeds: readonly Seed[], measurements: Measurements): ScoredSeed[] {
  const scoreOf = scorerOf(strategy, measurements);
  return seeds.map((seed) => ({ id: seed.id, ...scoreOf(seed) }));
}

type Score = Omit<ScoredSeed, 'id'>;

const unmeasured: Score = { score: null, state: 'unmeasured' };

function scorerOf(strategy: StrategyConfig, measurements: Measurements): (seed: Seed) => Score {
  switch (strategy.score) {
    case 'random':
      return () => ({ score: null, state: 'unscored' });
    case 'loss':
      return lossScorer(strategy, measurements, ({ nllSum }) => nllSum);
    case 'entropy':
      return lossScorer(strategy, measurements, ({ entropySum }) => entropySum);
    case 'incorrect':
      return incorrectScorer(measurements);
  }
}

function lossScorer(
  { score, per }: StrategyConfig,
  { losses }: Measurements,
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
function incorrectScorer({ predictions, check }: Measurements): (seed: Seed) => Score {
  const byId = new Map(mustHave(predictions, 'incorrect').map((prediction) => [prediction.id, prediction]));
  return ({ id, question, answer }) => {
    const prediction = byId.get(id);
    if (prediction === undefined || answer === null) {
      return unmeasured;
    }
    const verdict = check(question, answer, prediction.text);
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
