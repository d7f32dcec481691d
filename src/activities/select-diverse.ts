import type { ArtifactRef } from '../core/artifact-ref';
import { stableHash } from '../core/random';
import { outputOf } from '../student';
import type { Dependencies } from './dependencies';
import { type RankingPosition, rankingPosition } from './ranking-position';
import { type RunContext, readFinishedIterations } from './run-context';
import type { GradientSketches } from './score';
import { studentStep } from './student-step';

export interface SelectDiverseInput extends RunContext {
  readonly iteration: number;
  readonly finishedIterations: ArtifactRef | null;
  readonly gradientSketches: readonly GradientSketches[];
  /** Picks to make, replacements included. */
  readonly count: number;
}

/** k-means++ over gradient sketches, in the engine: large gradients that are unlike each other, in the order drawn. */
export function createSelectDiverse(dependencies: Dependencies) {
  const doJob = studentStep(dependencies);

  return async function selectDiverse(input: SelectDiverseInput): Promise<ArtifactRef> {
    const { config, gradientSketches } = input;
    const position = rankingPosition(input, await readFinishedIterations(dependencies.store, input.finishedIterations));
    const rows = gradientSketches.flatMap((part) => part.rows ?? []);
    const result = await doJob(input.run, {
      op: 'kmeans',
      model: null,
      inputs: { points: gradientSketches.map(({ sketches }) => sketches), ...(rows.length > 0 ? { rows } : {}) },
      parameters: { count: position.skip + input.count, orFewer: true, seed: drawSeed(config.seed, position) },
      threads: config.student.threads,
    });
    return outputOf(result, 'indices');
  };
}

const drawSeed = (runSeed: number, { stream }: RankingPosition) => stableHash('kmeans++', runSeed, stream) % 2 ** 31;
