import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { folderWith, runCli } from '../support/cli';
import { type FaultShare, readLog, startMisbehavingTeacher } from '../support/misbehaving-teacher';
import { expectNothingLeftOf } from '../support/processes';
import { teacherConfig, teacherEnvironment } from '../support/teacher-config';

jest.setTimeout(300_000);

describe('an endpoint that refuses everything', () => {
  const refusals: readonly [string, readonly FaultShare[], RegExp][] = [
    ['a wrong key', [{ kind: '401', times: 99 }], /401.*\n.*set TEST_KEY to a key/],
    ['a key that may not', [{ kind: '403', times: 99 }], /403.*\n.*TEST_KEY may not use this model/],
    ['an unknown model', [{ kind: '404', times: 99 }], /404.*\n.*check teacher\.model/],
    ['no credit', [{ kind: 'quota', times: 99 }], /429.*\n.*add credit/],
  ];

  it('pauses the run with what to do; the same command goes on, and nothing was lost or bought twice', async () => {
    const log = join((await folderWith('')).workspace, '..', 'teacher.jsonl');
    const teacher = await startMisbehavingTeacher({
      log,
      onReceived: (count) => count === 40 && teacher.behave(refusals[0]?.[1] ?? []),
    });
    try {
      const run = { ...(await folderWith(teacherConfig(teacher.baseUrl))), environment: teacherEnvironment };
      for (const [index, [name, , says]] of refusals.entries()) {
        const paused = await runCli(['run', run.file], run);
        expect({ name, ...paused }).toMatchObject({ name, exitCode: 3 });
        expect(paused.stderr).toMatch(says);
        teacher.behave(refusals[index + 1]?.[1] ?? []);
      }
      expect(await runCli(['run', run.file], run)).toMatchObject({ exitCode: 0 });
      await expectNothingLeftOf(run.workspace);
      const answered = readLog(log).filter(({ event }) => event === 'answered');
      expect(new Set(answered.map(({ request }) => request)).size).toBe(answered.length);
      const results = JSON.parse(await readFile(join(run.workspace, 'runs', 'bought', 'results.json'), 'utf8'));
      expect(results).toMatchObject({ state: 'complete', spend: { samples: 200 }, unknown: { calls: 0 } });
    } finally {
      await teacher.close();
    }
  });
});
