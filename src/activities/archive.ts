import { join } from 'node:path';
import type { ArtifactRef } from '../core/artifact-ref';
import { weightsToDrop } from '../core/kept-students';
import { iterationWorkflowId } from '../core/names';
import type { EvaluationSummary, IterationOutcome, IterationRecord, RunRecord } from '../core/run-record';
import { dropStudents } from '../store/dropped-students';
import { writeFileAtomically } from '../store/workspace';
import type { Dependencies } from './dependencies';
import { exportHistory } from './export-history';
import type { RunContext } from './run-context';
import { readFinishedIterations } from './run-context';

export interface ArchiveInput extends RunContext {
  readonly baseEvaluation: EvaluationSummary;
  /** Records of the iterations before; `null` before the first. */
  readonly finishedIterations: ArtifactRef | null;
  /** The iteration that just ended; `null` before the first. */
  readonly iteration: number | null;
  /** What it made; `null` where it could buy nothing. */
  readonly outcome: IterationOutcome | null;
  readonly endedBecause: 'iterations' | 'budget' | 'stopped' | null;
  readonly diagnoses?: NonNullable<RunRecord['diagnoses']>;
}

export interface Archived {
  readonly finishedIterations: ArtifactRef | null;
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
    const { run, iteration, outcome, endedBecause } = input;
    const iterations = await readFinishedIterations(store, input.finishedIterations);
    let finishedIterations = input.finishedIterations;
    // A step that is repeated after later ones have bought (a lost server, a repaired run) writes the same.
    const spend = await ledger.spendOf(run, iteration ?? 0);
    if (iteration !== null) {
      const workflowId = iterationWorkflowId(run, iteration);
      await exportHistory(dependencies, { workflowId, owner: run, name: `iter-${iteration}` });
    }
    if (outcome !== null) {
      iterations.push({ ...outcome, spend });
      finishedIterations = await store.putRecords('iterations', iterations);
    }
    if (endedBecause !== null) {
      // Up to here, in case that nobody is there to export the rest when the run has ended.
      await exportHistory(dependencies, { workflowId: run, owner: run, name: 'run' });
    }
    const record = runRecordOf(input, iterations);
    const text = `${JSON.stringify(record, null, 2)}\n`;
    await writeFileAtomically(join(workspace.runDirectory(run), 'run.json'), text);
    await dropStudents(workspace, store, { run, weights: weightsToDrop(record) });
    return { finishedIterations, spentUsd: (await ledger.spendOf(run)).usd };
  };
}

/** What `run.json` says after this archive step. */
export function runRecordOf(input: ArchiveInput, iterations: readonly IterationRecord[]): RunRecord {
  return {
    run: input.run,
    experiment: input.experiment,
    config: input.config,
    state: stateOf(input.endedBecause),
    endedBecause: input.endedBecause,
    prepared: input.prepared,
    baseEvaluation: input.baseEvaluation,
    iterations,
    ...(input.diagnoses === undefined ? {} : { diagnoses: input.diagnoses }),
  };
}

function stateOf(endedBecause: ArchiveInput['endedBecause']): RunRecord['state'] {
  if (endedBecause === null) {
    return 'running';
  }
  return endedBecause === 'stopped' ? 'stopped' : 'complete';
}
