import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { Seed } from '../core/records';
import { taskOf } from '../core/tasks';
import type { Dependencies } from './dependencies';
import type { RunContext } from './run-context';
import { type Shard, shardParameters } from './shards';
import { studentStep } from './student-step';

export type PredictInput = RunContext & Partial<Shard> & { readonly student: ModelRef };

/** The student answers every seed of the pool, greedily. */
export function createPredict(dependencies: Dependencies) {
  const { store } = dependencies;
  const doJob = studentStep(dependencies);

  return async function predict(input: PredictInput): Promise<ArtifactRef> {
    const { config, prepared } = input;
    const task = taskOf(config.task);
    const pool = await store.readRecords<Seed>(prepared.pool);
    const prompts = await store.putRecords(
      'prompts',
      pool.map((seed) => ({ id: seed.id, prompt: task.studentPrompt(seed.question) })),
    );
    const result = await doJob(input.run, {
      op: 'predict',
      model: input.student,
      inputs: { prompts: [prompts] },
      parameters: { maxNewTokens: config.student.max_new_tokens, ...shardParameters(input) },
      threads: config.student.threads,
    });
    return result.outputs.predictions as ArtifactRef;
  };
}
