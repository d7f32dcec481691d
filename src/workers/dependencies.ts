import type { Client } from '@temporalio/client';
import type { Dependencies } from '../activities/dependencies';
import { openArtifacts } from '../store/artifacts/open-artifacts';
import { openLedger } from '../store/ledger';
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
  /** `null` where this process has nothing to do with engines. */
  python: string | null;
  studentSlots: number;
}): Promise<OpenDependencies> {
  const { workspace, client, python } = options;
  const store = openArtifacts(workspace);
  const ledger = await openLedger(workspace.ledger);
  const students =
    python === null ? noStudents : openStudents(store, { python, workspace, slots: options.studentSlots });
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
