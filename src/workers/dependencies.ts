import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { Dependencies } from '../activities/dependencies';
import { canonicalJson } from '../core/canonical-json';
import type { RunConfig } from '../core/config/schema';
import { answersPerRow } from '../core/hygiene/agreement';
import { judgeOf } from '../core/strategies';
import { taskOf } from '../core/tasks';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import { openArtifacts, openSharedJobs } from '../store/artifacts/open-artifacts';
import { openLedger } from '../store/ledger';
import type { Workspace } from '../store/workspace';
import { createStudents, type Students } from '../student';
import { createJudge, createTeacher, type Judge, type Teacher } from '../teacher';
import { type OfflineTeacher, startOfflineTeacher } from '../teacher/offline';

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
  const teachers = new Map<string, Promise<Teacher>>();
  let offline: Promise<OfflineTeacher> | undefined;

  // One teacher per configuration, so that runs share its connections and its limits.
  function teacherOf(config: RunConfig): Promise<Teacher> {
    const key = canonicalJson([config.teacher, config.task, answersPerRow(config.hygiene)]);
    const teacher = teachers.get(key) ?? openTeacher(config);
    teachers.set(key, teacher);
    return teacher;
  }

  async function openTeacher(config: RunConfig): Promise<Teacher> {
    const task = { task: taskOf(config.task), answers: answersPerRow(config.hygiene) };
    const shared = { config: config.teacher, ...task, ledger };
    if (config.teacher.provider !== 'offline') {
      return createTeacher(shared);
    }
    offline ??= startOfflineTeacher();
    return createTeacher({ ...shared, offlineBaseUrl: (await offline).baseUrl });
  }

  const judges = new Map<string, Promise<Judge>>();

  function judgeFor(config: RunConfig): Promise<Judge> {
    const key = canonicalJson(judgeOf(config));
    const judge = judges.get(key) ?? openJudge(config);
    judges.set(key, judge);
    return judge;
  }

  async function openJudge(config: RunConfig): Promise<Judge> {
    const judge = judgeOf(config);
    if (judge.provider !== 'offline') {
      return createJudge({ config: judge, ledger });
    }
    offline ??= startOfflineTeacher();
    return createJudge({ config: judge, ledger, offlineBaseUrl: (await offline).baseUrl });
  }

  return {
    workspace,
    store,
    ledger,
    students,
    teacherOf,
    judgeOf: judgeFor,
    client,
    close: async () => {
      await students.close();
      await (await offline)?.close();
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
