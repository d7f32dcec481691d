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

/** What was measured of one seed; absent where there is nothing. */
export interface Measured {
  /** The student's own answer. */
  readonly prediction?: Prediction | undefined;
  /** Of the answer that `strategy.target` names. */
  readonly loss?: AnswerLoss | undefined;
  readonly reward?: Reward | undefined;
  readonly grade?: Grade | undefined;
  /** Where k-means++ took it. */
  readonly draw?: Draw | undefined;
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

type Found = Omit<ScoredSeed, 'id'>;

/**
 * Gives a seed its number, from what was measured of it.
 * @param task its check serves the scorers that look at right and wrong
 */
export function scorerOf(
  strategy: StrategyConfig,
  task: Pick<Task, 'check'>,
): (seed: Seed, measured: Measured) => Found {
  const lossOf = meanOf(strategy);
  switch (strategy.score) {
    case 'random':
      return () => ({ score: null, state: 'unscored' });
    case 'loss':
      return (_, { loss }) => found(loss && lossOf(loss, loss.nllSum));
    case 'entropy':
      return (_, { loss }) => found(loss && lossOf(loss, loss.entropySum));
    case 'incorrect':
      return (seed, { prediction }) => incorrectScore(task, seed, prediction);
    case 'reward':
      return (_, { reward }) => found(reward?.reward);
    case 'judge':
      return (_, { grade }) => found(grade?.student);
    case 'lion':
      return (_, { grade }) => found(grade && differenceOf(grade));
    case 'badge':
      // Seeds that were drawn have the squared distance they were drawn by. The others have none: they were not needed.
      return (_, { draw }) => found(draw?.distance);
  }
}

const unmeasured: Found = { score: null, state: 'unmeasured' };

/** `null` and what is not finite are no numbers. */
function found(value: number | null | undefined): Found {
  return value == null || !Number.isFinite(value) ? unmeasured : { score: rounded(value), state: 'scored' };
}

const meanOf =
  ({ per }: StrategyConfig) =>
  ({ tokens }: AnswerLoss, sum: number) =>
    tokens === 0 ? null : per === 'token' ? sum / tokens : sum;

const differenceOf = ({ student, reference }: Grade) =>
  student === null || reference === null ? null : reference - student;

/** 1 where the final answer is not the reference's. An unreadable answer is wrong, as in LLM2LLM, and says so in its state. */
function incorrectScore(
  task: Pick<Task, 'check'>,
  { question, answer }: Seed,
  prediction: Prediction | undefined,
): Found {
  if (prediction === undefined || answer === null) {
    return unmeasured;
  }
  const verdict = task.check(question, answer, prediction.text);
  const isRight = verdict.correct || prediction.secondOpinion === 'correct';
  return { score: isRight ? 0 : 1, state: verdict.wellFormed ? 'scored' : 'unreadable' };
}

/** Six significant digits: what differs less is a tie, so the last bits of a matrix product decide no selection. */
const rounded = (value: number) => Number(value.toPrecision(6));
