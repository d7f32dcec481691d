import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePython } from '../../src/setup/python';
import { openSharedJobs } from '../../src/store/artifacts/open-artifacts';
import { openBucket } from '../../src/store/artifacts/s3-bucket';
import type { StudentResult } from '../../src/student';
import { finetuneOnHost } from '../support/finetune-host';
import { expectNothingLeftOf, killTree, processesOf, until } from '../support/processes';
import { type S3Server, s3SecretMarker, startS3Server } from '../support/s3-server';

jest.setTimeout(400_000);

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

async function uninterrupted(): Promise<StudentResult> {
  const { TUTELAGE_ARTIFACTS: _, ...local } = process.env;
  const shared = process.env;
  process.env = local;
  try {
    return await finetuneOnHost({ workspace: await freshWorkspace(), python, steps });
  } finally {
    process.env = shared;
  }
}

it('others resume a finetune where a killed and a stopped machine left it, and end with the same model, bit for bit', async () => {
  const [first, second, third] = [await freshWorkspace(), await freshWorkspace(), await freshWorkspace()];
  const host = startHost(first);
  await until(async () => (await latestStep()) >= 5, 60_000);
  const engine = processesOf(first).find(({ command }) => command.includes('serve.py'));
  expect(readFileSync(`/proc/${engine?.pid}/environ`, 'utf8')).not.toContain(s3SecretMarker);
  killTree(host.pid);
  for (const { pid } of processesOf(first)) {
    killTree(pid);
  }
  expect(await host.ended).toBeNull();
  await expectNothingLeftOf(first);
  const left = await latestStep();

  // The next one resumes, and is told to stop: it sends its progress.
  const notes: string[] = [];
  const stop = new AbortController();
  const stopped = finetuneOnHost({
    workspace: second,
    python,
    steps,
    signal: stop.signal,
    onProgress: ({ done, note }) => {
      notes.push(note ?? '');
      if (done > left + 3) {
        stop.abort(new Error('told to stop'));
      }
    },
  });
  await expect(stopped).rejects.toThrow('told to stop');
  expect(notes).toContain(`another machine left off at step ${left}`);
  expect(notes).toContain(`going on from step ${left}`);
  const further = await latestStep();
  expect(further).toBeGreaterThan(left);

  const result = await finetuneOnHost({
    workspace: third,
    python,
    steps,
    onProgress: ({ note }) => notes.push(note ?? ''),
  });
  expect(notes).toContain(`going on from step ${further}`);
  expect(result.outputs).toEqual((await uninterrupted()).outputs);

  // The job is finished for all: the first machine finds it done, and its checkpoints are gone.
  const keys = await objects().list('team/jobs/');
  expect(keys.filter((key) => !key.endsWith('/record.json'))).toEqual([]);
  const engines = (await readdir(join(first, 'logs'))).length;
  expect(await finetuneOnHost({ workspace: first, python, steps })).toEqual(result);
  expect(await readdir(join(first, 'logs'))).toHaveLength(engines);
  expect((await readdir(join(first, 'jobs'), { recursive: true })).filter((name) => name.includes('ckpt-'))).toEqual(
    [],
  );
});

it('two machines that do the same job at once do not harm each other', async () => {
  const hosts = [startHost(await freshWorkspace()), startHost(await freshWorkspace())];
  const [one, other] = await Promise.all(hosts.map(({ ended }) => ended));
  expect(one?.outputs.model).toBeDefined();
  expect(other).toEqual(one);
});

describe('checkpoints in a bucket', () => {
  const hash = 'ab'.repeat(32);
  const signal = new AbortController().signal;
  const checkpoints = () => {
    const shared = openSharedJobs();
    if (shared === null) {
      throw new Error('the environment names no bucket');
    }
    return shared.checkpoints;
  };

  /** A checkpoint as the engine writes one; `mark` makes it another machine's. */
  async function checkpointOf(step: number, mark = ''): Promise<{ step: number; directory: string }> {
    const directory = await freshWorkspace();
    await writeFile(join(directory, 'tensors.safetensors'), `tensors of step ${step}${mark}`);
    await writeFile(join(directory, 'state.json'), '{}');
    return { step, directory };
  }

  async function brought(): Promise<[number | null, string | null]> {
    const directory = await freshWorkspace();
    const step = await checkpoints().bring(hash, directory);
    const path = join(directory, 'checkpoints', `ckpt-${step}`, 'tensors.safetensors');
    return [step, step === null ? null : await readFile(path, 'utf8')];
  }

  const files = () => objects().list(`team/jobs/${hash}/checkpoints/`);

  it('are the newest, whole, and alone', async () => {
    expect(await brought()).toEqual([null, null]);
    await checkpoints().keep(hash, await checkpointOf(10), signal);
    await checkpoints().keep(hash, await checkpointOf(20), signal);
    expect(await brought()).toEqual([20, 'tensors of step 20']);
    expect(await files()).toHaveLength(2);
    await checkpoints().drop(hash);
    expect(await brought()).toEqual([null, null]);
    expect(await files()).toEqual([]);
  });

  it('do not go back when a slow machine comes late', async () => {
    await checkpoints().keep(hash, await checkpointOf(20), signal);
    await checkpoints().keep(hash, await checkpointOf(10), signal);
    expect(await brought()).toEqual([20, 'tensors of step 20']);
    expect(await files()).toHaveLength(2);
  });

  it('are whole whichever of two machines was first, even if they differ', async () => {
    const sent = [
      checkpointOf(20, ' here'),
      checkpointOf(20, ' there'),
      checkpointOf(30, ' here'),
      checkpointOf(40, ' there'),
    ];
    await Promise.all(sent.map(async (checkpoint) => checkpoints().keep(hash, await checkpoint, signal)));
    expect(await brought()).toEqual([40, 'tensors of step 40 there']);
  });

  it('that are older than those of the machine itself are left where they are', async () => {
    await checkpoints().keep(hash, await checkpointOf(20), signal);
    const directory = await freshWorkspace();
    await mkdir(join(directory, 'checkpoints', 'ckpt-25'), { recursive: true });
    expect(await checkpoints().bring(hash, directory)).toBeNull();
  });

  it('that were changed are not used', async () => {
    await checkpoints().keep(hash, await checkpointOf(20), signal);
    for (const key of await files()) {
      await objects().putText(key, 'changed');
    }
    expect(await brought()).toEqual([null, null]);
  });

  it('whose description makes no sense are not used, and are replaced', async () => {
    await objects().putText(
      `team/jobs/${hash}/latest`,
      '{"step":90,"files":{"../../outside":{"sha256":"","bytes":1}}}',
    );
    expect(await brought()).toEqual([null, null]);
    await checkpoints().keep(hash, await checkpointOf(20), signal);
    expect(await brought()).toEqual([20, 'tensors of step 20']);
  });
});
