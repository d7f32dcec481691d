import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import { stableHash } from '../core/random';
import type { Shard } from '../core/table';
import { outputOf, type StudentJob } from '../student';
import type { Dependencies } from './dependencies';
import { engineSettings } from './engine-settings';
import { putPairs } from './pairs';
import type { RunContext } from './run-context';
import { shardParameters } from './shards';
import { studentStep } from './student-step';

export type ScoreInput = RunContext &
  Shard & {
    readonly student: ModelRef;
    /** The student's own answers; `null` where the references are looked at. */
    readonly predictions: ArtifactRef | null;
  };

/** Gradient sketches of a pool or of a part of it, and which rows they belong to. */
export interface GradientSketches {
  readonly sketches: ArtifactRef;
  /** `null` for the whole pool. */
  readonly rows: ArtifactRef | null;
}

/** The student's loss on an answer to every seed: its own (the exact tokens it generated), or the reference. */
export function createScore(dependencies: Dependencies) {
  const doJob = studentStep(dependencies);

  return async function score(input: ScoreInput): Promise<ArtifactRef> {
    const { config } = input;
    const result = await doJob(input.run, {
      op: 'score',
      model: input.student,
      inputs: { answers: await putPairs(dependencies.store, input) },
      parameters: shardParameters(input),
      ...engineSettings(config),
    });
    return outputOf(result, 'scores');
  };
}

/** For every seed a sketch of the gradient that an answer would give the student's output layer (BADGE). */
export function createGradientSketch(dependencies: Dependencies) {
  const doJob = studentStep(dependencies);

  return async function gradientSketch(input: ScoreInput): Promise<GradientSketches> {
    const { config } = input;
    const result = await doJob(input.run, {
      op: 'gradient-sketch',
      model: input.student,
      inputs: { answers: await putPairs(dependencies.store, input) },
      parameters: { seed: stableHash('sketch', config.seed) % 2 ** 31, ...shardParameters(input) },
      ...engineSettings(config),
    });
    return { sketches: outputOf(result, 'gradient-sketches'), rows: result.outputs.rows ?? null };
  };
}

/** A reward model's grades of answers. The model is imported once in a workspace. */
export async function rewardsOf(
  doJob: ReturnType<typeof studentStep>,
  { run, config }: RunContext,
  { answers, parameters }: { answers: readonly ArtifactRef[]; parameters: StudentJob['parameters'] },
): Promise<ArtifactRef> {
  const { threads } = config.student;
  const source = { source: config.reward_model?.base, kind: 'reward' };
  const imported = await doJob(run, { op: 'import', model: null, inputs: {}, parameters: source, threads });
  const model = { base: outputOf(imported, 'model') };
  const result = await doJob(run, { op: 'reward', model, inputs: { answers }, parameters, threads });
  return outputOf(result, 'rewards');
}

/** A reward model's grade of the student's own answer to every seed. */
export function createReward(dependencies: Dependencies) {
  const doJob = studentStep(dependencies);

  return async function reward(input: ScoreInput): Promise<ArtifactRef> {
    return rewardsOf(doJob, input, {
      answers: await putPairs(dependencies.store, input, 'text'),
      parameters: shardParameters(input),
    });
  };
}
