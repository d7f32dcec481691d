import type { IterationRecord } from '../core/run-record';
import type { RunContext } from './run-context';

/** Which ranking of the pool an iteration takes its seeds from, and where in it. */
export interface RankingPosition {
  /** The iteration that names the random streams. */
  readonly stream: number;
  /** How many of its seeds earlier iterations of the same ranking have taken. */
  readonly skip: number;
}

/**
 * Every iteration has a ranking of its own, unless the pool is ranked once: then the iterations divide one ranking
 * among them, so that together they take the seeds that a single large selection would have taken.
 */
export function rankingPosition(
  { config, iteration }: Pick<RunContext, 'config'> & { readonly iteration: number },
  finishedIterations: readonly IterationRecord[],
): RankingPosition {
  return config.strategy.rescore === 'once'
    ? { stream: 0, skip: finishedIterations.reduce((sum, { asked }) => sum + asked, 0) }
    : { stream: iteration, skip: 0 };
}
