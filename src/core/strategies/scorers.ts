import type { StrategyConfig } from '../config/schema';
import type { AnswerLoss, Draw, Grade, Prediction, Reward, Seed } from '../records';
import type { Task } from '../tasks/task';

type Score = StrategyConfig['score'];

/** What a scorer is, independently of what it finds (arXiv 2512.00884, section 3). */
export interface Scorer {
  /** What is measured beside the student's predictions: losses and rewards by the engine, grades by a judge. */
  readonly measures: 'loss' | 'reward' | 'gradients' | 'grades' | null;
  /** The answers it can look at, its usual one first. */
  readonly targets: readonly StrategyConfig['target'][];
  /** Whether it looks at reference answers even where the target is the student's own. */
  readonly needsReference: boolean;
  /** The end of the scores that marks a seed the student needs. */
  readonly keeps: StrategyConfig['keep'];
  readonly selects: StrategyConfig['select'];
  /** Scores may be below zero, or their zero means nothing: they cannot be shares. */
  readonly isSigned: boolean;
  /** Calls of a judge for every seed of the pool, each iteration, on top of the student's own work. */
  readonly callsPerSeed: 0 | 1 | 2;
}

const byEngine = { needsReference: false, keeps: 'high', selects: 'top', isSigned: false, callsPerSeed: 0 } as const;

export const scorers: Readonly<Record<Score, Scorer>> = {
  random: { ...byEngine, measures: null, targets: [], selects: 'uniform' },
  loss: { ...byEngine, measures: 'loss', targets: ['own', 'reference'] },
  entropy: { ...byEngine, measures: 'loss', targets: ['own', 'reference'] },
  /** LLM2LLM's rule. */
  incorrect: { ...byEngine, measures: null, targets: ['own'], needsReference: true },
  /** A low reward marks a seed that the student answers badly. */
  reward: { ...byEngine, measures: 'reward', targets: ['own'], keeps: 'low', isSigned: true },
  judge: { ...byEngine, measures: 'grades', targets: ['own'], keeps: 'low', callsPerSeed: 1 },
  /** The reference's mark minus the student's: hard from 1 on, and as many hard seeds as easy ones. */
  lion: {
    ...byEngine,
    ...{ measures: 'grades', targets: ['own'], needsReference: true, selects: 'balanced', isSigned: true },
    callsPerSeed: 2,
  },
  /** No number but a gradient: large ones that are unlike each other. */
  badge: { ...byEngine, measures: 'gradients', targets: ['own', 'reference'], selects: 'kmeans++' },
};

/** What must be measured before a strategy can score. */
export interface StrategyNeeds {
  /** The student's own answers to the pool. */
  readonly prediction: boolean;
  readonly measurement: Scorer['measures'];
  /** Seeds with reference answers. */
  readonly reference: boolean;
}

/** What was measured. `null` where the strategy does not need it. */
export interface Measurements {
  /** Own answers, one for each seed. */
  readonly predictions: readonly Prediction[] | null;
  /** Of the answers that `strategy.target` names. */
  readonly losses: readonly AnswerLoss[] | null;
  readonly rewards: readonly Reward[] | null;
  readonly grades: readonly Grade[] | null;
  /** The rows that k-means++ took, by their place in the pool. */
  readonly draws: readonly Draw[] | null;
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
   * `unmeasured`: there is no number (no answer, no reference, no readable grade, nothing finite).
   * `unscored`: the strategy does not score.
   */
  readonly state: 'scored' | 'unreadable' | 'unmeasured' | 'unscored';
}

export function measurementsOf({ score, target }: StrategyConfig): StrategyNeeds {
  const { measures, targets, needsReference } = scorers[score];
  return {
    prediction: targets.length > 0 && target === 'own',
    measurement: measures,
    reference: needsReference || (targets.length > 0 && target === 'reference'),
  };
}

/** One line for each seed, in the pool's order. */
export function scoreSeeds(input: ScoreInput): ScoredSeed[] {
  const scoreOf = scorerOf(input);
  return input.seeds.map((seed) => ({ id: seed.id, ...scoreOf(seed) }));
}

type Found = Omit<ScoredSeed, 'id'>;

const unmeasured: Found = { score: null, state: 'unmeasured' };

function scorerOf(input: ScoreInput): (seed: Seed) => Found {
  const { measurements } = input;
  switch (input.strategy.score) {
    case 'random':
      return () => ({ score: null, state: 'unscored' });
    case 'loss':
      return lossScorer(input, ({ nllSum }) => nllSum);
    case 'entropy':
      return lossScorer(input, ({ entropySum }) => entropySum);
    case 'incorrect':
      return incorrectScorer(input);
    case 'reward':
      return byId(measurements.rewards, 'reward', ({ reward }) => reward);
    case 'judge':
      return byId(measurements.grades, 'judge', ({ student }) => student);
    case 'lion':
      return byId(measurements.grades, 'lion', ({ student, reference }) =>
        student === null || reference === null ? null : reference - student,
      );
    case 'badge':
      return drawScorer(input);
  }
}

function lossScorer(
  { strategy: { score, per }, measurements: { losses } }: ScoreInput,
  sumOf: (loss: AnswerLoss) => number,
): (seed: Seed) => Found {
  return byId(losses, score, (loss) => {
    if (loss.tokens === 0) {
      return null;
    }
    return per === 'token' ? sumOf(loss) / loss.tokens : sumOf(loss);
  });
}

/** A number that was measured for the seed; `null` and what is not finite are no numbers. */
function byId<T extends { readonly id: string }>(
  measured: readonly T[] | null,
  score: Score,
  numberOf: (measured: T) => number | null,
): (seed: Seed) => Found {
  const found = new Map(mustHave(measured, score).map((entry) => [entry.id, entry]));
  return ({ id }) => {
    const entry = found.get(id);
    const value = entry === undefined ? null : numberOf(entry);
    return value === null || !Number.isFinite(value) ? unmeasured : { score: rounded(value), state: 'scored' };
  };
}

/** 1 where the final answer is not the reference's. An unreadable answer is wrong, as in LLM2LLM, and says so in its state. */
function incorrectScorer({ task, measurements: { predictions } }: ScoreInput): (seed: Seed) => Found {
  const answers = new Map(mustHave(predictions, 'incorrect').map((prediction) => [prediction.id, prediction]));
  return ({ id, question, answer }) => {
    const prediction = answers.get(id);
    if (prediction === undefined || answer === null) {
      return unmeasured;
    }
    const verdict = task.check(question, answer, prediction.text);
    const isRight = verdict.correct || prediction.secondOpinion === 'correct';
    return { score: isRight ? 0 : 1, state: verdict.wellFormed ? 'scored' : 'unreadable' };
  };
}

/** Seeds that were drawn have the squared distance they were drawn by. The others have none: they were not needed. */
function drawScorer({ seeds, measurements: { draws } }: ScoreInput): (seed: Seed) => Found {
  const distances = new Map(mustHave(draws, 'badge').map(({ index, distance }) => [seeds[index]?.id, distance]));
  return ({ id }) => {
    const distance = distances.get(id);
    return distance === undefined ? unmeasured : { score: rounded(distance), state: 'scored' };
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
