import { Context } from '@temporalio/activity';
import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { Seed } from '../core/records';
import { taskOf } from '../core/tasks';
import type { Dependencies } from './dependencies';
import { progressReporter } from './progress';
import type { RunContext } from './run-context';

/** The student answers every seed of the pool, greedily. */
export function createPredict({ store, students }: Dependencies) {
  return async function predict(input: RunContext & { student: ModelRef }): Promise<ArtifactRef> {
    const { config, prepared } = input;
    const task = taskOf(config.task);
    const pool = await store.readRecords<Seed>(prepared.pool);
    const prompts = await store.putRecords(
      'prompts',
      pool.map((seed) => ({ id: seed.id, prompt: task.studentPrompt(seed.question) })),
    );
    const result = await students.run(
      {
        op: 'predict',
        model: input.student,
        inputs: { prompts: [prompts] },
        parameters: { maxNewTokens: config.student.max_new_tokens },
        threads: config.student.threads,
      },
      { signal: Context.current().cancellationSignal, onProgress: progressReporter() },
    );
    return result.outputs.predictions as ArtifactRef;
  };
}
