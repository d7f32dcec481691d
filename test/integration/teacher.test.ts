import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { markerKey } from '../support/buying';
import { folderWith, runCli, startCli } from '../support/cli';
import { readCalls } from '../support/ledger-history';
import { type FaultShare, readLog, startMisbehavingTeacher } from '../support/misbehaving-teacher';
import { expectNothingLeftOf } from '../support/processes';
import { teacherConfig, teacherEnvironment } from '../support/teacher-config';

jest.setTimeout(300_000);

const dieAt = join(__dirname, '..', 'support', 'die-at.cjs');

describe('an endpoint that refuses everything', () => {
  const refusals: readonly [string, readonly FaultShare[], RegExp][] = [
    ['a wrong key', [{ kind: '401', times: 99 }], /401.*\n.*set TEST_KEY to a key/],
    ['a key that may not', [{ kind: '403', times: 99 }], /403.*\n.*TEST_KEY may not use this model/],
    ['an unknown model', [{ kind: '404', times: 99 }], /404.*\n.*check teacher\.model/],
    ['no credit', [{ kind: 'quota', times: 99 }], /429.*\n.*add credit/],
  ];

  it('pauses the run with what to do; the same command goes on, nothing was lost, bought twice or told of the key', async () => {
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
        // At last single requests are refused: their reasons are kept with the rejected rows.
        teacher.behave(refusals[index + 1]?.[1] ?? [{ kind: '400', share: 0.02, times: 99 }]);
      }
      expect(await runCli(['run', run.file], run)).toMatchObject({ exitCode: 0 });
      await expectNothingLeftOf(run.workspace);
      const answered = readLog(log).filter(({ event }) => event === 'answered');
      expect(new Set(answered.map(({ request }) => request)).size).toBe(answered.length);
      const results = JSON.parse(await readFile(join(run.workspace, 'runs', 'bought', 'results.json'), 'utf8'));
      expect(results).toMatchObject({ state: 'complete', spend: { samples: 200 }, unknown: { calls: 0 } });

      // The double's refusals quote the key. They are in the server's database and in an artifact; the key is nowhere.
      expect((await filesWith(run.workspace, 'invalid_api_key')).join()).toContain('temporal.db');
      expect((await filesWith(run.workspace, 'invalid_request_error')).join()).toContain('artifacts');
      expect(await filesWith(run.workspace, markerKey)).toEqual([]);
    } finally {
      await teacher.close();
    }
  });
});

describe('a teacher whose answers can often not be used', () => {
  it('is asked until there are exactly the rows that were wanted, and a shortfall is told with its reasons', async () => {
    const teacher = await startMisbehavingTeacher({ faults: [{ kind: 'empty', share: 0.1, times: 99 }] });
    try {
      const config = teacherConfig(teacher.baseUrl, { iterations: 1, rows: 100, budget: '{samples: 100}' });
      const run = { ...(await folderWith(config)), environment: teacherEnvironment };
      expect(await runCli(['run', run.file], run)).toMatchObject({ exitCode: 0 });
      const results = await resultsOf(run.workspace);
      expect(results).toMatchObject({ spend: { samples: 100 }, iterations: [{ accepted: 100 }] });
      expect(results.iterations[0]?.asked).toBeGreaterThan(100);

      teacher.behave([{ kind: 'empty', share: 0.6, times: 99 }]);
      const short = await runCli(['run', run.file, '--new', '--set', 'seed=2'], run);
      expect(short).toMatchObject({ exitCode: 0 });
      expect(short.stderr.replace(/\s+/g, ' ')).toMatch(
        /short \d+ rows fewer than planned; rejected picks: .*the reply has no text/,
      );
      expect((await resultsOf(run.workspace, 'bought~2')).iterations[0]?.asked).toBe(200);
    } finally {
      await teacher.close();
    }
  });
});

describe('batch mode, killed at each of its steps', () => {
  const places = [
    'submitBatch:before',
    'submitBatch:after',
    'pollBatch:after',
    'collectBatch:during',
    'collectBatch:after',
  ];

  it('ends with the rows of an undisturbed run, from as many jobs, with nothing asked twice', async () => {
    const log = join((await folderWith('')).workspace, '..', 'teacher.jsonl');
    const teacher = await startMisbehavingTeacher({ log, batches: { delayMs: 300, expiredShare: 0.1 } });
    try {
      const options = { iterations: 1, rows: 60, teacher: 'mode: batch\n  batch_poll_seconds: 0.2' };
      const config = teacherConfig(teacher.baseUrl, options);
      const run = { ...(await folderWith(config)), environment: teacherEnvironment };
      for (const place of places) {
        const environment = { ...teacherEnvironment, DIE_AT: place, DIE_AFTER_MS: '5' };
        const { signal } = await startCli(['run', run.file], { ...run, preload: [dieAt], environment }).ended;
        expect({ place, signal }).toEqual({ place, signal: 'SIGKILL' });
      }
      expect(await runCli(['run', run.file], run)).toMatchObject({ exitCode: 0 });
      const jobs = teacher.batches.jobs.length;
      const received = readLog(log).filter(({ event }) => event === 'received');
      expect(new Set(received.map(({ request }) => request)).size).toBe(received.length);
      expect(await runCli(['audit', 'bought'], run)).toMatchObject({ exitCode: 0 });

      const undisturbed = { ...(await folderWith(config)), environment: teacherEnvironment };
      teacher.batches.forget();
      expect(await runCli(['run', undisturbed.file], undisturbed)).toMatchObject({ exitCode: 0 });
      const [mine, theirs] = [await resultsOf(run.workspace), await resultsOf(undisturbed.workspace)];
      expect(mine.iterations).toEqual(theirs.iterations);
      expect(mine).toMatchObject({ spend: { samples: 60 }, unknown: { calls: 0 } });
      expect(teacher.batches.jobs.length).toBe(2 * jobs);
    } finally {
      await teacher.close();
    }
  });
});

describe('an address that is no teacher pauses the run in a sentence, and nothing is lost or spent', () => {
  it.each([
    ['a page', [{ kind: 'html', times: 99 }] as const, /no chat completion: "<html>.*\n.*check teacher\.base_url/],
    ['nobody', null, /the connection failed \(ECONNREFUSED\).*\n.*check teacher\.base_url/],
  ] as const)('%s', async (_, faults, says) => {
    const teacher = await startMisbehavingTeacher({ faults: faults ?? [] });
    if (faults === null) {
      await teacher.close();
    }
    const config = teacherConfig(teacher.baseUrl, { iterations: 1, rows: 20, budget: '{usd: 1}' });
    const run = { ...(await folderWith(config)), environment: teacherEnvironment };
    const paused = await runCli(['run', run.file], run);
    expect(paused.stderr).toMatch(says);
    expect(paused.exitCode).toBe(3);
    const calls = readCalls(join(run.workspace, 'ledger.db'));
    expect(calls.filter(({ state }) => state !== 'released')).toEqual([]);
    if (faults !== null) {
      await teacher.close();
    }
  });
});

/** Every file of a workspace that holds the text, in its own bytes or behind base64. */
async function filesWith(workspace: string, text: string): Promise<string[]> {
  const forms = [0, 1, 2].map((shift) =>
    Buffer.from(' '.repeat(shift) + text)
      .toString('base64')
      .slice(shift === 0 ? 0 : shift + 1, -4),
  );
  const entries = await readdir(workspace, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    if ([text, ...forms].some((form) => bytes.includes(form))) {
      found.push(path);
    }
  }
  return found;
}

interface Results {
  readonly iterations: readonly { readonly asked: number; readonly accepted: number }[];
}

async function resultsOf(workspace: string, run = 'bought'): Promise<Results> {
  return JSON.parse(await readFile(join(workspace, 'runs', run, 'results.json'), 'utf8')) as Results;
}
