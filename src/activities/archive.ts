import { join } from 'node:path';
import type { ArtifactRef } from '../core/artifact-ref';
import { iterationWorkflowId } from '../core/names';
import type { EvaluationSummary, IterationOutcome, IterationRecord, RunRecord } from '../core/run-record';
import { writeFileAtomically } from '../store/workspace';
import type { Dependencies } from './dependencies';
import { exportHistory } from './export-history';
import { pastIterations } from './past';
import type { RunContext } from './run-context';

export interface ArchiveInput extends RunContext {
  readonly baseEvaluation: EvaluationSummary;
  /** Records of the iterations before; `null` before the first. */
  readonly past: ArtifactRef | null;
  /** What the iteration that just ended made; `null` where none did, or where it could buy nothing. */
  readonly outcome: IterationOutcome | null;
  readonly endedBecause: 'iterations' | 'budget' | 'stopped' | null;
  readonly reflections?: NonNullable<RunRecord['reflections']>;
}

export interface Archived {
  readonly past: ArtifactRef | null;
  readonly spentUsd: number;
}

/**
 * Brings a finished iteration to safety: its record among the run's records, its workflow history as a file (the
 * embedded server forgets closed workflows), and `run.json`, from which everything else is drawn. Returns the records and what
 * the run has paid so far, in USD.
 */
export function createArchive(dependencies: Dependencies) {
  const { store, ledger, workspace } = dependencies;

  return async function archive(input: ArchiveInput): Promise<Archived> {
    const iterations = await pastIterations(store, input.past);
    let past = input.past;
    const spend = await ledger.spendOf(input.run);
    if (input.outcome !== null) {
      await exportHistory(dependencies, {
        workflowId: iterationWorkflowId(input.run, input.outcome.iteration),
        owner: input.run,
        name: `iter-${input.outcome.iteration}`,
      });
      iterations.push({ ...input.outcome, spend });
      past = await store.putRecords('iterations', iterations);
    }
    await writeRecord(input, iterations);
    return { past, spentUsd: spend.priceMicroUsd / 1e6 };
  };

  async function writeRecord(input: ArchiveInput, iterations: readonly IterationRecord[]): Promise<void> {
    const record: RunRecord = {
      run: input.run,
      experiment: input.experiment,
      config: input.config,
      state: stateOf(input.endedBecause),
      endedBecause: input.endedBecause,
      prepared: input.prepared,
      baseEvaluation: input.baseEvaluation,
      iterations,
      ...(input.reflections === undefined ? {} : { reflections: input.reflections }),
    };
    await writeFileAtomically(
      join(workspace.runDirectory(input.run), 'run.json'),
      `${JSON.stringify(record, null, 2)}\n`,
    );
  }
}

function stateOf(endedBecause: ArchiveInput['endedBecause']): RunRecord['state'] {
  if (endedBecause === null) {
    return 'running';
  }
  return endedBecause === 'stopped' ? 'stopped' : 'complete';
}
