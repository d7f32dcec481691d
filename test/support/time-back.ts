import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { randomStream } from '../../src/core/random';
import { folderWith, startCli } from './cli';
import { readLog } from './misbehaving-teacher';
import { killTree, processesOf, until } from './processes';
import { teacherConfig, teacherEnvironment } from './teacher-config';
import { startTeacherProcess } from './teacher-process';

/**
 * Four runs that buy at the same time in one workspace, killed with SIGKILL within two seconds after an attempt's first
 * request, and started again by the same command.
 * @returns milliseconds from each start after a kill to the teacher's next request
 */
export async function timeBack({ kills, seed }: { readonly kills: number; readonly seed: number }): Promise<number[]> {
  const log = join((await folderWith('')).file, '..', 'teacher.jsonl');
  const teacher = await startTeacherProcess({ delayMs: 250, log });
  const config = teacherConfig(teacher.baseUrl, { rows: 2000, teacher: 'max_parallel_requests: 2' })
    .replace('pool_size: 300', 'pool_size: 3000')
    .replace('seed: 1', 'matrix: {seed: [1, 2, 3, 4]}\nparallel_runs: 4');
  const run = { ...(await folderWith(config)), environment: teacherEnvironment };
  const random = randomStream('kills', seed);
  const received = () => readLog(log).filter(({ event }) => event === 'received');
  const backAfterMs: number[] = [];
  try {
    for (let attempts = 0; attempts <= kills; attempts += 1) {
      const before = attempts === 0 ? 0 : received().length;
      const startedMs = Date.now();
      const attempt = startCli(['run', run.file], run);
      await until(() => hasMore(received, before), 180_000);
      if (attempts > 0) {
        backAfterMs.push((received()[before]?.at ?? Number.NaN) - startedMs);
      }
      await delay(random.next() * 2000);
      killTree(attempt.pid);
      for (const { pid } of processesOf(run.workspace)) {
        killTree(pid);
      }
      await attempt.ended;
    }
  } finally {
    teacher.stop();
  }
  return backAfterMs;
}

/** The log is made with its first line. */
function hasMore(received: () => readonly unknown[], before: number): boolean {
  try {
    return received().length > before;
  } catch {
    return false;
  }
}
