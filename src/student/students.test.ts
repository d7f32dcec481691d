import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installFakeEngine } from '../../test/support/fake-engine';
import { expectNothingLeftOf, processesOf, until } from '../../test/support/processes';
import type { ModelRef } from '../core/artifact-ref';
import { openArtifactStore } from '../store/artifacts/artifact-store';
import { createStudents, type StudentJob, type Students } from '.';
import { EnginePool } from './engine-pool';
import type { EngineLimits, EngineProcess } from './engine-process';
import { jobHash, outputOf } from './student-job';

let workspace: string;
let opened: Students[];

beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'tutelage-students-'));
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((students) => students.close()));
  await expectNothingLeftOf(workspace);
  rmSync(workspace, { recursive: true });
});

const store = () => openArtifactStore(join(workspace, 'artifacts'), join(workspace, 'checkouts'));

function open(options: { slots?: number; limits?: Partial<EngineLimits> } = {}): Students {
  const students = createStudents({
    ...installFakeEngine(join(workspace, 'double')),
    jobsDirectory: join(workspace, 'jobs'),
    logDirectory: join(workspace, 'logs'),
    store: store(),
    slots: options.slots ?? 1,
    limits: { stallMs: 20_000, cancelGraceMs: 100, terminateGraceMs: 100, ...options.limits },
  });
  opened.push(students);
  return students;
}

const job = (op: string, parameters: object = {}, model: ModelRef | null = null): StudentJob => ({
  op,
  model,
  inputs: {},
  parameters: { ...parameters },
  threads: 1,
});
const gate = (name: string) => join(workspace, name);
const openGate = (name: string) => writeFileSync(gate(name), '');

async function putModel(text: string): Promise<ModelRef> {
  const folder = mkdtempSync(join(workspace, 'model-'));
  writeFileSync(join(folder, 'weights'), text);
  return { base: await store().putDirectory('model', folder) };
}

/** Starts a job and waits until the engine works on it. */
async function startHeld(students: Students, held: StudentJob, signal?: AbortSignal) {
  let isRunning = false;
  const result = students.run(held, { ...(signal ? { signal } : {}), onProgress: () => (isRunning = true) });
  result.catch(() => {});
  await until(() => isRunning);
  return result;
}

describe('a job', () => {
  it('brings its outputs into the store and leaves only what people read', async () => {
    const { outputs } = await open().run(job('finish'));
    expect(outputs.predictions).toMatchObject({ kind: 'predictions', rows: 2 });
    expect(outputs.model).toMatchObject({ kind: 'model' });
    expect(await store().readRecords(outputs.predictions as never)).toEqual([{ id: 1 }, { id: 2 }]);
    const [directory] = readdirSync(join(workspace, 'jobs'));
    expect(directory).toBe(jobHash(job('finish'), 1));
    expect(readdirSync(join(workspace, 'jobs', directory as string)).sort()).toEqual([
      'artifacts.json',
      'lock',
      'spec.json',
    ]);
  });

  it('that was done before needs no engine', async () => {
    const first = await open().run(job('finish'));
    const students = open();
    expect(await students.run(job('finish'))).toEqual(first);
    await opened[0]?.close();
    expect(processesOf(workspace)).toEqual([]);
  });

  it('is done again when what it made is no longer in the store', async () => {
    const students = open();
    const { outputs } = await students.run(job('finish'));
    rmSync(join(workspace, 'artifacts'), { recursive: true });
    expect((await students.run(job('finish'))).outputs).toEqual(outputs);
    expect(existsSync(await store().pathOf(outputs.predictions as never))).toBe(true);
  });

  it('has one name for one content, whatever the order of its parameters', () => {
    expect(jobHash(job('finish', { a: 1, b: 2 }), 1)).toBe(jobHash(job('finish', { b: 2, a: 1 }), 1));
    expect(jobHash(job('finish'), 1)).not.toBe(jobHash({ ...job('finish'), threads: 2 }, 1));
    expect(jobHash(job('finish'), 1)).not.toBe(jobHash(job('finish'), 2));
  });
});

describe('the pool', () => {
  it('keeps an engine warm and gives a model back to the engine that holds it', async () => {
    const students = open({ slots: 2 });
    const [left, right] = [await putModel('left'), await putModel('right')];
    const [leftRun, rightRun] = await Promise.all([
      startHeld(students, job('hold', { until: gate('a') }, left)),
      startHeld(students, job('hold', { until: gate('a') }, right)),
      until(() => processesOf(workspace).length === 2).then(() => openGate('a')),
    ]);
    expect(leftRun.metrics.pid).not.toBe(rightRun.metrics.pid);
    expect((await students.run(job('finish', {}, right))).metrics.pid).toBe(rightRun.metrics.pid);
    expect((await students.run(job('finish', {}, left))).metrics.pid).toBe(leftRun.metrics.pid);
  });

  it('serves who waits in order of arrival, one job an engine', async () => {
    const engine = {
      runtime: 'transformers',
      isUsable: true,
      modelKey: undefined,
      close: async () => {},
    } as unknown as EngineProcess;
    const pool = new EnginePool(1, () => engine);
    const order: number[] = [];
    const { signal } = new AbortController();
    await pool.acquire('transformers', 'a', signal);
    const served = [1, 2, 3].map((index) => pool.acquire('transformers', 'a', signal).then(() => order.push(index)));
    for (const one of served) {
      expect(order).toHaveLength(served.indexOf(one));
      pool.release(engine);
      await one;
    }
    expect(order).toEqual([1, 2, 3]);
  });

  it('ends an idle engine of another runtime before it starts one in its slot', async () => {
    const events: string[] = [];
    const pool = new EnginePool(1, (runtime) => {
      events.push(`start ${runtime}`);
      const close = async () => void events.push(`end ${runtime}`);
      return { runtime, isUsable: true, modelKey: undefined, close } as unknown as EngineProcess;
    });
    const { signal } = new AbortController();
    const first = await pool.acquire('transformers', 'a', signal);
    const second = pool.acquire('vllm', 'a', signal);
    expect(events).toEqual(['start transformers']);
    pool.release(first);
    pool.release(await second);
    pool.release(await pool.acquire('vllm', 'a', signal));
    pool.release(await pool.acquire('transformers', 'a', signal));
    const handOver = ['start transformers', 'end transformers', 'start vllm', 'end vllm', 'start transformers'];
    expect(events).toEqual(handOver);
    await pool.close();
  });

  it('sends a job that names vllm to the Python that has it', async () => {
    const fake = installFakeEngine(join(workspace, 'double'));
    const asked: string[] = [];
    const students = createStudents({
      ...fake,
      vllmPython: async () => {
        asked.push('vllm');
        return fake.python;
      },
      jobsDirectory: join(workspace, 'jobs'),
      logDirectory: join(workspace, 'logs'),
      store: store(),
      slots: 1,
    });
    opened.push(students);
    const here = await students.run(job('finish'));
    const there = await students.run(job('finish', { runtime: 'vllm' }));
    expect(asked).toEqual(['vllm']);
    expect(there.metrics.pid).not.toBe(here.metrics.pid);
    expect(readdirSync(join(workspace, 'logs')).some((name) => name.startsWith('vllm-'))).toBe(true);
    expect(processesOf(workspace)).toHaveLength(1);
  });

  it('starts engines ahead when asked to warm up, and not more than it has slots', async () => {
    const students = open({ slots: 2 });
    students.warm(5);
    await until(() => processesOf(workspace).length === 2);
  });
});

describe('a shared job', () => {
  it('is done once for two callers', async () => {
    const students = open({ slots: 2 });
    const [first, second] = await Promise.all([students.run(job('finish')), students.run(job('finish'))]);
    expect(second).toBe(first);
  });

  it('continues for one caller when the other is cancelled', async () => {
    const students = open();
    const cancel = new AbortController();
    const held = job('hold', { until: gate('a') });
    const cancelled = await startHeldTwice(students, held, cancel.signal);
    cancel.abort(new Error('enough'));
    await expect(cancelled.first).rejects.toThrow('enough');
    openGate('a');
    expect((await cancelled.second).outputs.model).toBeDefined();
  });

  async function startHeldTwice(students: Students, held: StudentJob, signal: AbortSignal) {
    let running = 0;
    const onProgress = () => {
      running += 1;
    };
    const first = students.run(held, { signal, onProgress });
    const second = students.run(held, { onProgress });
    await until(() => running === 2);
    return { first, second };
  }
});

describe('cancelling', () => {
  const check = async (op: string, parameters: object) => {
    const students = open();
    const cancel = new AbortController();
    let isRunning = false;
    const result = students.run(job(op, parameters), { signal: cancel.signal, onProgress: () => (isRunning = true) });
    result.catch(() => {});
    await until(() => isRunning);
    cancel.abort(new Error('enough'));
    await expect(result).rejects.toThrow('enough');
    expect((await students.run(job('finish'))).outputs.model).toBeDefined();
  };

  it('stops a job that listens, and the engine stays', () => check('hold', { until: '/never' }));
  it('terminates an engine that does not listen', () => check('ignoreCancel', {}));
  it('kills an engine that ignores SIGTERM', () => check('ignoreAll', {}));

  it('takes a caller out of the queue', async () => {
    const students = open();
    const cancel = new AbortController();
    const held = startHeld(students, job('hold', { until: gate('a') }));
    const waiting = students.run(job('finish'), { signal: cancel.signal });
    cancel.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    openGate('a');
    expect((await held).outputs.model).toBeDefined();
  });

  it('does not stop the same job asked for anew meanwhile', async () => {
    const students = open();
    const cancel = new AbortController();
    const held = job('hold', { until: gate('a') });
    let isRunning = false;
    const first = students.run(held, { signal: cancel.signal, onProgress: () => (isRunning = true) });
    first.catch(() => {});
    await until(() => isRunning);
    cancel.abort(new Error('enough'));
    const second = students.run(held);
    openGate('a');
    expect((await second).outputs.model).toBeDefined();
    await first.catch((error: Error) => expect(error.message).toBe('enough'));
  });
});

describe('a failure', () => {
  it('of the input is not to be repeated', async () => {
    await expect(open().run(job('refuse'))).rejects.toMatchObject({
      kind: 'student-input',
      message: 'row 7 has no prompt',
      isRetryable: false,
    });
  });

  it('by death tells the last words, and the next job gets a fresh engine', async () => {
    const students = open();
    await expect(students.run(job('die'))).rejects.toMatchObject({
      kind: 'transient',
      message: expect.stringMatching(/exit code 3 during die; its last words:\nout of luck/),
    });
    expect((await students.run(job('finish'))).outputs.model).toBeDefined();
  });

  it('by silence ends the engine', async () => {
    const students = open({ limits: { stallMs: 300 } });
    await expect(students.run(job('silence'))).rejects.toMatchObject({
      kind: 'transient',
      message: expect.stringContaining('said nothing for 0.3 s and was killed during silence'),
    });
  });

  it('by a bug replaces the engine', async () => {
    const students = open();
    const before = await students.run(job('finish', { n: 1 }));
    await expect(students.run(job('fail'))).rejects.toMatchObject({ kind: 'transient' });
    await expect(students.run(job('fail'))).rejects.toMatchObject({ kind: 'student-failed', isRetryable: false });
    const after = await students.run(job('finish', { n: 2 }));
    expect(after.metrics.pid).not.toBe(before.metrics.pid);
  });

  it('to start says so', async () => {
    const students = createStudents({
      ...installFakeEngine(join(workspace, 'double')),
      python: '/no/python',
      jobsDirectory: join(workspace, 'jobs'),
      logDirectory: join(workspace, 'logs'),
      store: store(),
      slots: 1,
    });
    opened.push(students);
    await expect(students.run(job('finish'))).rejects.toThrow('could not be started');
  });
});

it('closing ends a working engine, and its job with it', async () => {
  const students = open();
  let isRunning = false;
  const running = students.run(job('hold', { until: '/never' }), { onProgress: () => (isRunning = true) });
  running.catch(() => {});
  await until(() => isRunning);
  await students.close();
  await expect(running).rejects.toMatchObject({ kind: 'transient' });
  expect(processesOf(workspace)).toEqual([]);
});

it('an output that a finished job does not have is an error that says what it has', () => {
  const result = { outputs: { rows: { kind: 'job-output', sha256: 'a', bytes: 1 } } } as const;
  expect(outputOf(result, 'rows').bytes).toBe(1);
  const expected = { kind: 'damaged', message: expect.stringMatching(/without its output scores \(outputs: rows\)/) };
  expect(() => outputOf(result, 'scores')).toThrow(expect.objectContaining(expected));
});
