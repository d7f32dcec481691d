import type { ArtifactRef } from '../core/artifact-ref';
import type { RunConfig } from '../core/config/schema';
import { taskOf } from '../core/tasks';
import type { ArtifactStore } from '../store/artifacts/artifact-store';

interface QuestionAndAnswer {
  readonly id: string;
  readonly question: string;
  readonly answer: string | null;
}

/** Questions and answers as the engine trains on them: what the student reads, what it shall say. */
export async function putTrainingRows(
  store: ArtifactStore,
  config: RunConfig,
  rows: readonly QuestionAndAnswer[],
): Promise<ArtifactRef> {
  const task = taskOf(config.task);
  return store.putRecords(
    'training-rows',
    rows.map((row) => ({ id: row.id, prompt: task.studentPrompt(row.question), answer: row.answer })),
  );
}
