import type { ArtifactRef } from '../core/artifact-ref';
import type { RunConfig } from '../core/config/schema';
import { taskOf } from '../core/tasks/registry';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import { partsOf, putTable, type Records } from '../store/artifacts/tables';

interface QuestionAndAnswer {
  readonly id: string;
  readonly question: string;
  readonly answer: string | null;
}

/** Questions and answers as the engine trains on them: what the student reads, what it shall say. */
export async function putTrainingRows(
  store: ArtifactStore,
  config: RunConfig,
  rows: Records<QuestionAndAnswer>,
): Promise<ArtifactRef> {
  const task = taskOf(config.task);
  return putTable(store, 'training-rows', pairsOf());

  async function* pairsOf() {
    for await (const { id, question, answer } of rows) {
      yield { id, prompt: task.studentPrompt(question), answer };
    }
  }
}

/** The files that the engine reads, in order. */
export async function filesOf(store: ArtifactStore, tables: readonly ArtifactRef[]): Promise<ArtifactRef[]> {
  return (await Promise.all(tables.map((table) => partsOf(store, table)))).flat();
}
