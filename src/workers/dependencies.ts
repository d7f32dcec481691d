import type { Client } from '@temporalio/client';
import type { Dependencies } from '../activities/dependencies';
import { openArtifacts } from '../store/artifacts/open-artifacts';
import { openWorkspaceLedger } from '../store/known-ledger';
import type { Workspace } from '../store/workspace';
import type { Students } from '../student';
import { openStudents } from './students';
import { openTeachers } from './teachers';

export interface OpenDependencies extends Dependencies {
  close(): Promise<void>;
}

/** Opens what the steps work with: the store, the ledger, the engines, the teachers. */
export async function openDependencies(options: {
  workspace: Workspace;
  client: Client;
  /** `null` where this process runs no engine. */
  python: string | null;
  /** Sets up the Python that has vLLM, when a job first needs it. */
  vllmPython?: () => Promise<string>;
  studentSlots: number;
}): Promise<OpenDependencies> {
  const { workspace, client, python, vllmPython } = options;
  const store = openArtifacts(workspace);
  const ledger = await openWorkspaceLedger(workspace);
  const students =
    python === null ? noStudents : openStudents(store, { python, vllmPython, workspace, slots: options.studentSlots });
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

const noStudents: Students = {
  run: () => Promise.reject(new Error('this process was opened without engines')),
  warm: () => {},
  close: async () => {},
};
