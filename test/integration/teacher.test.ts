import { appendFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { markerKey } from '../support/buying';
import { folderWith, runCli } from '../support/cli';
import { readCalls } from '../support/ledger-history';
import { echoFaults, type FaultShare, readLog, startMisbehavingTeacher } from '../support/misbehaving-teacher';
import { expectNothingLeftOf } from '../support/processes';
import { filesWithSecret } from '../support/secret-forms';
import { teacherConfig, teacherEnvironment } from '../support/teacher-config';

jest.setTimeout(300_000);

describe('an endpoint that refuses everything', () => {
  const refusals: readonly [string, readonly FaultShare[], RegExp][] = [
    ['a wrong key', [{ kind: '401', times: 99 }], /401.*\n.*set TEST_KEY to a key/],
    ['a key that may not', [{ kind: '403', times: 99 }], /403.*\n.*TEST_KEY may not use this model/],
    ['an unknown model', [{ kind: '404', times: 99 }], /404.*\n.*check teacher\.model/],
    ['no credit', [{ kind: 'quota', times: 99 }], /429.*\n.*add credit/],
  ];

  it('pauses the run with what to do; the same command resumes it, nothing is lost or bought twice, and the key is nowhere', async () => {
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

describe('a host that is new to the workspace', () => {
  it('gets no request until somebody agrees, once', async () => {
    const teacher = await startMisbehavingTeacher({});
    try {
      const run = { ...(await folderWith(teacherConfig(teacher.baseUrl))), environment: teacherEnvironment };
      const { host } = new URL(teacher.baseUrl);
      const validated = await runCli(['validate', run.file], run);
      expect(validated.stderr).toContain(`sends TEST_KEY to ${host} (new to this workspace: you will be asked)`);
      for (const verb of ['preview', 'run']) {
        const refused = await runCli([verb, run.file], { ...run, withoutYes: true });
        expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(`sends TEST_KEY to ${host}`) });
      }
      expect(teacher.received).toBe(0);
      expect(await runCli(['preview', run.file, '-n', '1'], run)).toMatchObject({ exitCode: 0 });
      const again = await runCli(['preview', run.file, '-n', '2'], { ...run, withoutYes: true });
      expect(again).toMatchObject({ exitCode: 0, stderr: expect.stringContaining(`sends TEST_KEY to ${host}`) });
    } finally {
      await teacher.close();
    }
  });
});

describe('an endpoint that repeats the key in its replies', () => {
  it('pauses the run; no form of the key is in any file, the rows are rejected and counted, and an audit finds a form', async () => {
    const key = 'Kx9/with+"quotes" & 100%\\done';
    const teacher = await startMisbehavingTeacher({
      faults: echoFaults.map((kind) => ({ kind, share: 0.06, times: 9 })),
    });
    try {
      const config = teacherConfig(teacher.baseUrl, { iterations: 1, rows: 40, budget: '{samples: 40}' });
      const run = { ...(await folderWith(config)), environment: { TEST_KEY: key } };
      const paused = await runCli(['run', run.file], run);
      expect(paused).toMatchObject({ exitCode: 3 });
      expect(paused.stderr).toMatch(/sent back the value of the environment variable TEST_KEY/);
      teacher.behave([]);
      expect(await runCli(['run', run.file], run)).toMatchObject({ exitCode: 0 });
      await expectNothingLeftOf(run.workspace);
      expect(await filesWithSecret(run.workspace, key)).toEqual([]);
      const results = await readFile(join(run.workspace, 'runs', 'bought', 'results.json'), 'utf8');
      expect(results).toContain('the reply held the value of the environment variable TEST_KEY');

      await appendFile(join(run.workspace, 'runs', 'bought', 'note.log'), Buffer.from(`key=${key}`).toString('base64'));
      const audit = await runCli(['audit', 'bought', '--json'], run);
      const { checks } = JSON.parse(audit.stdout) as { checks: { name: string; problems: { location: string }[] }[] };
      const problems = checks.flatMap((check) => check.problems.map((problem) => ({ check: check.name, ...problem })));
      expect(problems).toEqual([
        { check: 'secrets', location: expect.stringContaining('note.log'), message: 'the value of TEST_KEY' },
      ]);
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

      teacher.behave([{ kind: 'empty', share: 0.4, times: 199 }]);
      const short = await runCli(['run', run.file, '--new', '--set', 'seed=2'], run);
      expect(short).toMatchObject({ exitCode: 0 });
      expect(short.stderr.replace(/\s+/g, ' ')).toMatch(
        /short \d+ rows fewer than planned; rejected: .*the reply has no text/,
      );
      expect((await resultsOf(run.workspace, 'bought~2')).iterations[0]?.asked).toBe(200);
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

describe('a preview whose first replies are lost', () => {
  it('asks again, says what it waits for, and shows what is unknown', async () => {
    const teacher = await startMisbehavingTeacher({ faults: [{ kind: 'reset-mid' }] });
    try {
      const run = { ...(await folderWith(teacherConfig(teacher.baseUrl))), environment: teacherEnvironment };
      const preview = await runCli(['preview', run.file, '-n', '2'], run);
      expect(preview).toMatchObject({ exitCode: 0 });
      expect(preview.stderr).toMatch(/of 2 rows; waiting: the connection failed/);
      expect(preview.stdout).toMatch(/2 of 2 rows would be accepted/);
      expect(preview.stdout).toMatch(
        /unknown +4 calls, whose replies were lost; the endpoint may bill them, at most \$/,
      );
    } finally {
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
