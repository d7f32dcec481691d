import type { ArtifactRef } from '../core/artifact-ref';
import { taskOf } from '../core/tasks/registry';
import type { StudentPrompt } from '../core/tasks/task';
import { outputOf } from '../student';
import type { BoughtRow } from '../teacher';
import type { Dependencies } from './dependencies';
import { engineSettings } from './engine-settings';
import type { RunContext } from './run-context';
import { studentStep } from './student-step';

export interface CheckRowsInput extends RunContext {
  readonly iteration: number;
  /** Tables of bought rows. */
  readonly chunks: readonly ArtifactRef[];
}

/** What the student makes of one row. `rejection`: why it cannot learn from it, as the predicate of a sentence. */
export interface CheckedRow {
  readonly id: string;
  readonly tokens: number;
  readonly rejection: string | null;
}

/** Asks the student which bought rows it can read, hold and write: the others are rejected, and replaced. */
export function createCheckRows(dependencies: Dependencies) {
  const { store } = dependencies;
  const doJob = studentStep(dependencies);

  return async function checkRows({ run, config, prepared, chunks }: CheckRowsInput): Promise<ArtifactRef> {
    const task = taskOf(config.task);
    const rows: { id: string; prompt: StudentPrompt; answer: string }[] = [];
    for (const chunk of chunks) {
      for (const row of await store.readRecords<BoughtRow>(chunk)) {
        if (row.state === 'answered') {
          rows.push({ id: String(row.rank), prompt: task.studentPrompt(row.question), answer: row.answer });
        }
      }
    }
    const result = await doJob(run, {
      op: 'check-rows',
      model: { base: prepared.base.base },
      inputs: { rows: [await store.putRecords('training-rows', rows)] },
      parameters: {},
      ...engineSettings(config),
    });
    return outputOf(result, 'checked-rows');
  };
}
