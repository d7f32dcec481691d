import type { ArtifactRef } from '../core/artifact-ref';
import { stableHash } from '../core/random';
import type { Dependencies } from './dependencies';
import { pastIterations } from './past';
import { type RankingPlace, rankingPlace } from './ranking-place';
import type { RunContext } from './run-context';
import type { Sketches } from './score';
import { studentStep } from './student-step';

export interface DiversifyInput extends RunContext {
  readonly iteration: number;
  readonly past: ArtifactRef | null;
  readonly sketches: readonly Sketches[];
  /** Picks to make, replacements included. */
  readonly count: number;
}

/** k-means++ over gradient sketches, in the engine: large gradients that are unlike each other, in the order drawn. */
export function createDiversify(dependencies: Dependencies) {
  const doJob = studentStep(dependencies);

  return async function diversify(input: DiversifyInput): Promise<ArtifactRef> {
    const { config, sketches } = input;
    const place = rankingPlace(input, await pastIterations(dependencies.store, input.past));
    const rows = sketches.flatMap((sketch) => sketch.rows ?? []);
    const { outputs } = await doJob(input.run, {
      op: 'select',
      model: null,
      inputs: { embeddings: sketches.map(({ embeddings }) => embeddings), ...(rows.length > 0 ? { rows } : {}) },
      parameters: { count: place.skip + input.count, orFewer: true, seed: drawSeed(config.seed, place) },
      threads: config.student.threads,
    });
    return outputs.indices as ArtifactRef;
  };
}

const drawSeed = (runSeed: number, { stream }: RankingPlace) => stableHash('kmeans++', runSeed, stream) % 2 ** 31;
