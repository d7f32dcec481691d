import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { SyntheticRow } from '../core/records';
import { readTable } from '../store/artifacts/tables';
import type { Dependencies } from './dependencies';
import { finetunedModel, finetuneJob } from './finetune-job';
import type { RunContext } from './run-context';
import { readFinishedIterations } from './run-context';
import { studentStep } from './student-step';
import { filesOf, putTrainingRows } from './training-rows';

export interface FinetuneInput extends RunContext {
  readonly iteration: number;
  readonly student: ModelRef;
  readonly finishedIterations: ArtifactRef | null;
  /** The rows that this iteration bought. */
  readonly rows: ArtifactRef;
}

export interface FinetunedStudent extends ModelRef {
  /** Rows that the engine had to leave out, each with its reason in the run's log; absent where there were none. */
  readonly droppedRows?: number;
  /** Of the last steps; only shown. */
  readonly trainingLoss?: number;
}

/** Finetunes on all rows so far, from the base (the default: memoryless, comparable between arms) or from the student before. */
export function createFinetune(dependencies: Dependencies) {
  const { store } = dependencies;
  const doJob = studentStep(dependencies);

  return async function finetune(input: FinetuneInput): Promise<FinetunedStudent> {
    const { config, prepared } = input;
    const settings = config.student.finetune;
    const earlier = await readFinishedIterations(store, input.finishedIterations);
    const tables: ArtifactRef[] = [];
    if (settings.include_base_rows && prepared.baseRows !== null) {
      tables.push(prepared.baseRows);
    }
    for (const rows of [...earlier.map((record) => record.rows), input.rows]) {
      tables.push(await putTrainingRows(store, config, readTable<SyntheticRow>(store, rows)));
    }
    const model = settings.from === 'base' ? prepared.base : input.student;
    const rows = await filesOf(store, tables);
    const result = await doJob(input.run, finetuneJob(config, { iteration: input.iteration, model, rows }));
    const { droppedRows, finalLoss } = result.metrics;
    const dropped = typeof droppedRows === 'number' && droppedRows > 0 ? { droppedRows } : {};
    const loss = typeof finalLoss === 'number' ? { trainingLoss: finalLoss } : {};
    return { ...finetunedModel(model, result), ...dropped, ...loss };
  };
}
