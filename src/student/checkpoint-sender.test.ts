import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../test/support/processes';
import { checkpointSender } from './checkpoint-sender';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tutelage-sender-'));
  jest.useFakeTimers({ now: 0, doNotFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'nextTick'] });
});
afterEach(() => {
  jest.useRealTimers();
});

const write = async (step: number) => {
  await mkdir(join(directory, 'checkpoints', `ckpt-${step}`), { recursive: true });
  await writeFile(join(directory, 'checkpoints', `ckpt-${step}`, 'tensors'), `step ${step}`);
};

/** A sender whose sendings end when the test lets them. */
function open() {
  const begun: { step: number; end: (error?: Error) => void; signal: AbortSignal }[] = [];
  const failures: string[] = [];
  const sender = checkpointSender({
    checkpoints: {
      keep: (_, { step }, signal) =>
        new Promise((resolve, reject) => {
          begun.push({ step, signal, end: (error) => (error === undefined ? resolve() : reject(error)) });
          signal.addEventListener('abort', () => reject(new Error('aborted')));
        }),
      bring: async () => null,
      drop: async () => {},
    },
    hash: 'job',
    directory,
    onFailure: (step, error) => failures.push(`${step}: ${error.message}`),
  });
  return { sender, begun, failures, steps: () => begun.map(({ step }) => step) };
}

const isAtRest = async () => !(await readdir(directory)).some((name) => name.startsWith('.tmp-'));

it('sends one at a time, and then rests four times as long as that took', async () => {
  const { sender, begun, steps } = open();
  for (const step of [1, 2, 3, 4]) {
    await write(step);
  }
  sender.saved(1);
  await until(() => begun.length === 1);
  sender.saved(2);
  jest.setSystemTime(1000);
  begun[0]?.end();
  await until(isAtRest);
  jest.setSystemTime(4900);
  sender.saved(3);
  expect(steps()).toEqual([1]);
  jest.setSystemTime(5000);
  sender.saved(4);
  await until(() => begun.length === 2);
  expect(steps()).toEqual([1, 4]);
  begun[1]?.end();
  await sender.close('finished');
});

it('sends where a stopped job stands', async () => {
  const { sender, begun, steps } = open();
  await write(1);
  await write(2);
  sender.saved(1);
  await until(() => begun.length === 1);
  sender.saved(2);
  const closed = sender.close('stopped');
  begun[0]?.end();
  await until(() => begun.length === 2);
  begun[1]?.end();
  await closed;
  expect(steps()).toEqual([1, 2]);
});

it('does not wait for what a finished job no longer needs', async () => {
  const { sender, begun, failures } = open();
  await write(1);
  sender.saved(1);
  await until(() => begun.length === 1);
  await sender.close('finished');
  expect(begun[0]?.signal.aborted).toBe(true);
  expect(failures).toEqual([]);
});

it('reports a failure and continues with the next', async () => {
  const { sender, begun, failures } = open();
  await write(1);
  await write(2);
  sender.saved(1);
  await until(() => begun.length === 1);
  begun[0]?.end(new Error('no space in the bucket'));
  await until(() => failures.length === 1);
  expect(failures).toEqual(['1: no space in the bucket']);
  await until(isAtRest);
  sender.saved(2);
  await until(() => begun.length === 2);
  begun[1]?.end();
  await sender.close('stopped');
});

it('passes over a checkpoint that the engine has removed meanwhile', async () => {
  const { sender, begun, failures } = open();
  sender.saved(1);
  await sender.close('stopped');
  expect([begun, failures]).toEqual([[], []]);
});
