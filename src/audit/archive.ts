import type { ArtifactStore } from '../store/artifacts/artifact-store';
import { openArtifacts, openSharedJobs } from '../store/artifacts/open-artifacts';
import { knownLedger } from '../store/known-ledger';
import { type LedgerReader, openLedgerReader } from '../store/ledger/read-ledger';
import type { Workspace } from '../store/workspace';
import { type JobRecords, readJobRecords } from './job-records';
import { readOnlyStore } from './read-only-store';

/** What the runs of a workspace are audited against: opened once, as of one moment, however many runs there are. */
export interface Archive {
  readonly workspace: Workspace;
  readonly store: ArtifactStore;
  readonly ledger: LedgerReader;
  readonly jobs: JobRecords;
  /** Answers a question about the whole workspace or the experiment once, for the audits of all runs. */
  once<T>(question: string, answer: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export async function openArchive(workspace: Workspace): Promise<Archive> {
  const answers = new Map<string, Promise<unknown>>();
  const ledger = await openLedgerReader(workspace.ledger, await knownLedger(workspace));
  return {
    workspace,
    store: readOnlyStore(openArtifacts(workspace)),
    ledger,
    jobs: await readJobRecords(workspace.jobs, openSharedJobs()),
    once: <T>(question: string, answer: () => Promise<T>) => {
      const known = (answers.get(question) as Promise<T> | undefined) ?? answer();
      answers.set(question, known);
      return known;
    },
    close: () => ledger.close(),
  };
}
