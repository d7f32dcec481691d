import type { StrategyConfig } from '../config/schema';
import type { AnswerLoss, Draw, Grade, Prediction, Reward, Seed } from '../records';
import { settleVerdict } from '../tasks/settle-verdict';
import type { Task } from '../tasks/task';

type Score = StrategyConfig['score'];

/** What a scorer is, independently of what it finds (arXiv 2512.00884, section 3). */
export interface Scorer {
  /** What is measured in addition to the student's predictions: losses and rewards by the engine, grades by a judge. */
  readonly measures: 'loss' | 'reward' | 'gradients' | 'grades' | null;
  /** The answers that it can score, the default first. */
  readonly targets: readonly StrategyConfig['target'][];
  /** Whether it needs reference answers even where the target is the student's own. */
  readonly needsReference: boolean;
  /** The end of the scores that marks a seed the student needs. */
  readonly keeps: StrategyConfig['keep'];
  readonly selects: StrategyConfig['select'];
  /** Scores may be negative, or their zero has no meaning: they cannot be shares. */
  readonly isSigned: boolean;
  /** Judge calls per seed of the pool and iteration, in addition to the student's own work. */
  readonly callsPerSeed: 0 | 1 | 2;
}

const byEngine = { needsReference: false, keeps: 'high', selects: 'top', isSigned: false, callsPerSeed: 0 } as const;

export const scorers: Readonly<Record<Score, Scorer>> = {
  random: { ...byEngine, measures: null, targets: [], selects: 'uniform' },
  loss: { ...byEngine, measures: 'loss', targets: ['own', 'reference'] },
  entropy: { ...byEngine, measures: 'loss', targets: ['own', 'reference'] },
  boundary: { ...byEngine, measures: 'loss', targets: ['own', 'reference'] },
  /** LLM2LLM's rule. */
  incorrect: { ...byEngine, measures: null, targets: ['own'], needsReference: true },
  /** A low reward marks a seed that the student answers badly. */
  reward: { ...byEngine, measures: 'reward', targets: ['own'], keeps: 'low', isSigned: true },
  judge: { ...byEngine, measures: 'grades', targets: ['own'], keeps: 'low', callsPerSeed: 1 },
  /** The reference's mark minus the student's: hard from 1 up; as many hard seeds as easy ones. */
  lion: {
    ...byEngine,
    ...{ measures: 'grades', targets: ['own'], needsReference: true, selects: 'balanced', isSigned: true },
    callsPerSeed: 2,
  },
  /** Not a number but a gradient: selects large ones that differ from each other. */
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

/** Under which name a scorer is given the record of a measurement that has one record a seed. */
export const measuredAs = { loss: 'loss', reward: 'reward', grades: 'grade' } as const;

/** What was measured for one seed; absent where nothing was. */
export interface SeedMeasurements {
  /** The student's own answer. */
  readonly prediction?: Prediction | undefined;
  /** Of the answer that `strategy.target` names. */
  readonly loss?: AnswerLoss | undefined;
  readonly reward?: Reward | undefined;
  readonly grade?: Grade | undefined;
  /** Its draw by k-means++. */
  readonly draw?: Draw | undefined;
}

export interface ScoredSeed {
  readonly id: string;
  readonly score: number | null;
  /**
   * `unreadable`: the answer does not have the form of one; the scorer defines what that scores.
   * `unmeasured`: there is no score (no answer, no reference, no readable grade, or not finite).
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
 * Scores a seed from its measurements.
 * @param task its check is used by scorers that depend on right and wrong
 */
export function scorerOf(
  strategy: StrategyConfig,
  task: Pick<Task, 'check'>,
): (seed: Seed, measured: SeedMeasurements) => Found {
  const lossOf = meanOf(strategy);
  switch (strategy.score) {
    case 'random':
      return () => ({ score: null, state: 'unscored' });
    case 'loss':
      return (_, { loss }) => found(loss && lossOf(loss, loss.nllSum));
    case 'entropy':
      return (_, { loss }) => found(loss && lossOf(loss, loss.entropySum));
    case 'boundary':
      return (_, { loss }) => found(loss && boundaryOf(loss));
    case 'incorrect':
      return (seed, { prediction }) => incorrectScore(task, seed, prediction);
    case 'reward':
      return (_, { reward }) => found(reward?.reward);
    case 'judge':
      return (_, { grade }) => found(grade?.student);
    case 'lion':
      return (_, { grade }) => found(grade && differenceOf(grade));
    case 'badge':
      // Drawn seeds have the squared distance they were drawn with. The others have none, since they were not needed.
      return (_, { draw }) => found(draw?.distance);
  }
}

const unmeasured: Found = { score: null, state: 'unmeasured' };

/** `null` and values that are not finite do not count as numbers. */
function found(value: number | null | undefined): Found {
  return value == null || !Number.isFinite(value) ? unmeasured : { score: rounded(value), state: 'scored' };
}

const meanOf =
  ({ per }: StrategyConfig) =>
  ({ tokens }: AnswerLoss, sum: number) =>
    tokens === 0 ? null : per === 'token' ? sum / tokens : sum;

/**
 * The variance of whether the student gives this answer: 1/4 where it is as likely as not, near 0 where it is certain or
 * out of reach. Of the whole answer, whatever `per` says: a share of an answer is not right or wrong.
 */
function boundaryOf({ nllSum, tokens }: AnswerLoss): number | null {
  const probability = Math.exp(-nllSum);
  return tokens === 0 ? null : probability * (1 - probability);
}

const differenceOf = ({ student, reference }: Grade) =>
  student === null || reference === null ? null : reference - student;

/** 1 where the final answer is not the reference's. An unreadable answer counts as wrong, as in LLM2LLM; its state says that it was unreadable. */
function incorrectScore(
  task: Pick<Task, 'check'>,
  { question, answer }: Seed,
  prediction: Prediction | undefined,
): Found {
  if (prediction === undefined || answer === null) {
    return unmeasured;
  }
  const checked = task.check(question, answer, prediction.text);
  const { secondOpinion } = prediction;
  const verdict = secondOpinion === undefined ? checked : settleVerdict(checked, secondOpinion);
  return verdict.state === 'unmeasured'
    ? unmeasured
    : { score: verdict.correct ? 0 : 1, state: verdict.wellFormed ? 'scored' : 'unreadable' };
}

/** Six significant digits: a smaller difference is a tie, so that rounding in a matrix product does not decide a selection. */
const rounded = (value: number) => Number(value.toPrecision(6));
