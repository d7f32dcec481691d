import { Context } from '@temporalio/activity';
import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { Prediction, Seed } from '../core/records';
import { taskOf } from '../core/tasks';
import type { Dependencies } from './dependencies';
import { progressReporter } from './progress';
import type { RunContext } from './run-context';

/** The student's loss on an answer to every seed: its own (the exact tokens it generated), or the reference. */
export function createScore({ store, students }: Dependencies) {
  return async function score(
    input: RunContext & { student: ModelRef; predictions: ArtifactRef | null },
  ): Promise<ArtifactRef> {
    const { config, prepared } = input;
    const task = taskOf(config.task);
    const pool = await store.readRecords<Seed>(prepared.pool);
    const own = input.predictions === null ? null : await predictionsById(input.predictions);
    const answers = await store.putRecords(
      'pairs',
      pool.map((seed) => ({
        id: seed.id,
        prompt: task.studentPrompt(seed.question),
        ...(own === null ? { answer: seed.answer } : { tokenIds: own.get(seed.id)?.tokenIds }),
      })),
    );
    const result = await students.run(
      {
        op: 'score',
        model: input.student,
        inputs: { answers: [answers] },
        parameters: {},
        threads: config.student.threads,
      },
      { signal: Context.current().cancellationSignal, onProgress: progressReporter() },
    );
    return result.outputs.scores as ArtifactRef;
  };

  async function predictionsById(ref: ArtifactRef): Promise<Map<string, Prediction>> {
    const predictions = await store.readRecords<Prediction>(ref);
    return new Map(predictions.map((prediction) => [prediction.id, prediction]));
  }
}
