import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { folderWith, runCli, startCli } from '../support/cli';
import { readCalls } from '../support/ledger-history';
import { readLog, startMisbehavingTeacher } from '../support/misbehaving-teacher';
import { teacherConfig, teacherEnvironment } from '../support/teacher-config';

jest.setTimeout(600_000);

const dieAt = join(__dirname, '..', 'support', 'die-at.cjs');

describe('batch mode, killed at each of its steps', () => {
  const steps = [
    'submitBatch:before',
    'submitBatch:after',
    'pollBatch:after',
    'collectBatch:during',
    'collectBatch:after',
  ];

  it('ends with the rows of an uninterrupted run, from as many jobs, with nothing asked twice', async () => {
    const log = join((await folderWith('')).workspace, '..', 'teacher.jsonl');
    const teacher = await startMisbehavingTeacher({ log, batches: { delayMs: 300, expiredShare: 0.1 } });
    try {
      const options = { iterations: 1, rows: 60, teacher: 'mode: batch\n  batch_poll_seconds: 0.2' };
      const config = teacherConfig(teacher.baseUrl, options);
      const run = { ...(await folderWith(config)), environment: teacherEnvironment };
      for (const step of steps) {
        const environment = { ...teacherEnvironment, DIE_AT: step, DIE_AFTER_MS: '5' };
        const { signal } = await startCli(['run', run.file], { ...run, preload: [dieAt], environment }).ended;
        expect({ step, signal }).toEqual({ step, signal: 'SIGKILL' });
      }
      expect(await runCli(['run', run.file], run)).toMatchObject({ exitCode: 0 });
      const jobs = teacher.batches.jobs.length;
      const received = readLog(log).filter(({ event }) => event === 'received');
      expect(new Set(received.map(({ request }) => request)).size).toBe(received.length);
      expect(await runCli(['audit', 'bought'], run)).toMatchObject({ exitCode: 0 });

      const uninterrupted = { ...(await folderWith(config)), environment: teacherEnvironment };
      teacher.batches.forget();
      expect(await runCli(['run', uninterrupted.file], uninterrupted)).toMatchObject({ exitCode: 0 });
      const [mine, theirs] = [resultsOf(run.workspace), resultsOf(uninterrupted.workspace)];
      expect(mine.iterations).toEqual(theirs.iterations);
      expect(mine).toMatchObject({ spend: { samples: 60 }, unknown: { calls: 0 } });
      expect(teacher.batches.jobs.length).toBe(2 * jobs);
    } finally {
      await teacher.close();
    }
  });
});

describe('batch mode where the endpoint fails', () => {
  type Lines = { output: string[]; errors: string[] };
  const expired = (line: string) =>
    JSON.stringify({
      custom_id: JSON.parse(line).custom_id,
      response: null,
      error: { code: 'batch_expired', message: 'late' },
    });
  const refused = (line: string) =>
    JSON.stringify({ ...JSON.parse(line), response: { status_code: 500, body: { error: { message: 'no' } } } });
  const once = (spoil: (lines: Lines) => { output: string[] | null; errors: string[] | null }) => {
    let times = 0;
    return (lines: Lines) => {
      times += 1;
      return times === 1 ? spoil(lines) : lines;
    };
  };
  const behaviours = [
    ['one line is refused for ever', { isRefused: (body: unknown) => /"seed":\d*7\b/.test(JSON.stringify(body)) }],
    ['all lines of a job expire', { spoil: once(({ output }) => ({ output: [], errors: output.map(expired) })) }],
    ['a job completes without files', { spoil: once(() => ({ output: null, errors: null })) }],
    [
      'a line is broken',
      {
        spoil: once(({ output, errors }) => ({ output: [(output[0] ?? '').slice(0, 40), ...output.slice(1)], errors })),
      },
    ],
    [
      'error lines follow good ones',
      { spoil: ({ output, errors }: Lines) => ({ output: [...output, ...output.map(refused)], errors }) },
    ],
  ] as const;

  it.each(behaviours)('the run ends where %s, with nothing left reserved', async (_, behaviour) => {
    const teacher = await startMisbehavingTeacher({ batches: behaviour });
    try {
      const options = { iterations: 1, rows: 20, teacher: 'mode: batch\n  batch_poll_seconds: 0.2' };
      const run = { ...(await folderWith(teacherConfig(teacher.baseUrl, options))), environment: teacherEnvironment };
      expect(await runCli(['run', run.file], run)).toMatchObject({ exitCode: 0 });
      expect(readCalls(join(run.workspace, 'ledger.db')).filter(({ state }) => state === 'reserved')).toEqual([]);
    } finally {
      await teacher.close();
    }
  });
});

const resultsOf = (workspace: string) =>
  JSON.parse(readFileSync(join(workspace, 'runs', 'bought', 'results.json'), 'utf8'));
