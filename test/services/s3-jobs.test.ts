import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePython } from '../../src/setup/python';
import { openBucket } from '../../src/store/artifacts/s3-bucket';
import type { StudentResult } from '../../src/student';
import { finetuneOnHost } from '../support/finetune-host';
import { expectNothingLeftOf, killTree, processesOf, until } from '../support/processes';
import { type S3Server, startS3Server } from '../support/s3-server';

jest.setTimeout(120_000);

const steps = 150;
const before = { ...process.env };
let server: S3Server;
let python: string;
let buckets = 0;

beforeAll(async () => {
  python = (await ensurePython()).python;
  server = await startS3Server();
}, 600_000);
afterAll(() => server.stop());
beforeEach(async () => {
  const bucket = `jobs-${++buckets}`;
  await server.makeBucket(bucket);
  process.env = { ...before, ...server.env, TUTELAGE_ARTIFACTS: `s3://${bucket}/team` };
});
afterEach(() => {
  process.env = before;
});

const objects = () => openBucket(`jobs-${buckets}`);
const freshWorkspace = () => mkdtemp(join(tmpdir(), 'tutelage-host-'));

async function latestStep(): Promise<number> {
  const key = (await objects().list('team/jobs/')).find((one) => one.endsWith('/latest'));
  const text = key === undefined ? null : await objects().getText(key);
  return text === null ? -1 : JSON.parse(text.text).step;
}

function startHost(workspace: string) {
  const script = join(__dirname, '..', 'support', 'finetune-host.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, workspace, python, String(steps)], {
    env: { ...process.env, TUTELAGE_HOME: workspace },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (part) => {
    said += part;
  });
  const ended = once(child, 'close').then(() => (said === '' ? null : (JSON.parse(said) as StudentResult)));
  return { pid: child.pid as number, ended };
}

async function undisturbed(): Promise<StudentResult> {
  const { TUTELAGE_ARTIFACTS: _, ...local } = process.env;
  const shared = process.env;
  process.env = local;
  try {
    return await finetuneOnHost({ workspace: await freshWorkspace(), python, steps });
  } finally {
    process.env = shared;
  }
}

it('another machine goes on with a finetune where a killed one had got to, and ends with the same model, bit for bit', async () => {
  const [first, second] = [await freshWorkspace(), await freshWorkspace()];
  const host = startHost(first);
  await until(async () => (await latestStep()) >= 5, 60_000);
  killTree(host.pid);
  for (const { pid } of processesOf(first)) {
    killTree(pid);
  }
  expect(await host.ended).toBeNull();
  await expectNothingLeftOf(first);
  const left = await latestStep();

  const notes: string[] = [];
  const onNote = (note: string) => notes.push(note);
  const result = await finetuneOnHost({ workspace: second, python, steps, onNote });
  expect(notes).toContain(`another machine left off at step ${left}`);
  expect(notes).toContain(`going on from step ${left}`);
  expect(result.outputs).toEqual((await undisturbed()).outputs);

  // The job is finished for all: the first machine finds it done, and its checkpoints are gone.
  const keys = await objects().list('team/jobs/');
  expect(keys.filter((key) => !key.endsWith('/record.json'))).toEqual([]);
  const engines = (await readdir(join(first, 'logs'))).length;
  expect(await finetuneOnHost({ workspace: first, python, steps })).toEqual(result);
  expect(await readdir(join(first, 'logs'))).toHaveLength(engines);
});

it('two machines that do the same job at once do not harm each other', async () => {
  const hosts = [startHost(await freshWorkspace()), startHost(await freshWorkspace())];
  const [one, other] = await Promise.all(hosts.map(({ ended }) => ended));
  expect(one?.outputs.model).toBeDefined();
  expect(other).toEqual(one);
});
