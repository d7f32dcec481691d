import { canonicalJson } from '../core/canonical-json';
import { judgeOf } from '../core/config/judge-of';
import type { RunConfig } from '../core/config/schema';
import { answersPerRow } from '../core/hygiene/agreement';
import { taskOf } from '../core/tasks/registry';
import type { Ledger } from '../store/ledger';
import { createJudge, createTeacher, type Judge, type Teacher } from '../teacher';
import { type OfflineTeacher, startOfflineTeacher } from '../teacher/offline';

export interface Teachers {
  teacherOf(config: RunConfig): Promise<Teacher>;
  judgeOf(config: RunConfig): Promise<Judge>;
  close(): Promise<void>;
}

/** One teacher and one judge per configuration, so that runs share their connections and limits; all buy through this ledger. */
export function openTeachers(ledger: Ledger): Teachers {
  const teachers = new Map<string, Promise<Teacher>>();
  const judges = new Map<string, Promise<Judge>>();
  let offline: Promise<OfflineTeacher> | undefined;

  async function offlineBaseUrl(): Promise<string> {
    offline ??= startOfflineTeacher();
    return (await offline).baseUrl;
  }

  async function openTeacher(config: RunConfig): Promise<Teacher> {
    const task = { task: taskOf(config.task), answers: answersPerRow(config.hygiene) };
    const shared = { config: config.teacher, ...task, ledger };
    return config.teacher.provider === 'offline'
      ? createTeacher({ ...shared, offlineBaseUrl: await offlineBaseUrl() })
      : createTeacher(shared);
  }

  async function openJudge(config: RunConfig): Promise<Judge> {
    const judge = judgeOf(config);
    return judge.provider === 'offline'
      ? createJudge({ config: judge, ledger, offlineBaseUrl: await offlineBaseUrl() })
      : createJudge({ config: judge, ledger });
  }

  return {
    teacherOf: (config) => {
      const key = canonicalJson([config.teacher, config.task, answersPerRow(config.hygiene)]);
      return opened(teachers, key, () => openTeacher(config));
    },
    judgeOf: (config) => opened(judges, canonicalJson(judgeOf(config)), () => openJudge(config)),
    close: async () => (await offline)?.close(),
  };
}

function opened<T>(all: Map<string, Promise<T>>, key: string, open: () => Promise<T>): Promise<T> {
  const one = all.get(key) ?? open();
  all.set(key, one);
  return one;
}
