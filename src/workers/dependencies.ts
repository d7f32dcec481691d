import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { Dependencies } from '../activities/dependencies';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import { openArtifacts, openSharedJobs } from '../store/artifacts/open-artifacts';
import { openLedger } from '../store/ledger';
import type { Workspace } from '../store/workspace';
import { createStudents, type Students } from '../student';
import { openTeachers } from './teachers';

export interface OpenDependencies extends Dependencies {
  close(): Promise<void>;
}

/** Opens what the steps work with: the store, the ledger, the engines, the teachers. */
export async function openDependencies(options: {
  workspace: Workspace;
  client: Client;
  /** `null` where this process has nothing to do with engines. */
  python: string | null;
  studentSlots: number;
}): Promise<OpenDependencies> {
  const { workspace, client } = options;
  const store = openArtifacts(workspace);
  const ledger = await openLedger(workspace.ledger);
  const students = openStudents(options, store);
  const teachers = openTeachers(ledger);
  return {
    workspace,
    store,
    ledger,
    students,
    teacherOf: teachers.teacherOf,
    judgeOf: teachers.judgeOf,
    client,
    close: async () => {
      await students.close();
      await teachers.close();
      await ledger.close();
    },
  };
}

function openStudents(
  { python, workspace, studentSlots: slots }: Parameters<typeof openDependencies>[0],
  store: ArtifactStore,
): Students {
  if (python === null) {
    return {
      run: () => Promise.reject(new Error('this process was opened without engines')),
      warm: () => {},
      close: async () => {},
    };
  }
  const engineDirectory = join(__dirname, '..', '..', 'engine');
  return createStudents({
    python,
    engineDirectory,
    jobsDirectory: workspace.jobs,
    logDirectory: workspace.logs,
    slots,
    store,
    shared: openSharedJobs(),
  });
}
