import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseConfigFile } from '../core/config';
import { provideTaskModules } from '../core/tasks/module/task-module';
import { configuredTask } from '../core/tasks/registry';
import { openWorkspace, type Workspace } from '../store/workspace';
import { findLaunch, type Launch, storeLaunch } from './launch';

let workspace: Workspace;

beforeEach(async () => {
  workspace = await openWorkspace(await mkdtemp(join(tmpdir(), 'tutelage-launch-')));
});
afterEach(() => rm(workspace.root, { recursive: true }));

const find = async (lines = 'iterations: 2', startAfresh = false): Promise<Launch> => {
  const text = `name: demo\ntask: {kind: operator-chains}\n${lines}\n`;
  const parsed = parseConfigFile({ text, file: 'demo.yaml', sets: [] });
  if (!parsed.ok) {
    throw new Error(JSON.stringify(parsed.problems));
  }
  return findLaunch(workspace, { file: 'demo.yaml', ...parsed }, startAfresh);
};

/** As a version stored it that knew fewer keys. */
async function storeWithout(launch: Launch, key: 'mode' | 'max_tokens'): Promise<Launch> {
  const [plan] = launch.plans;
  if (plan === undefined) {
    throw new Error('no plan');
  }
  const { [key]: _, ...teacher } = plan.config.teacher;
  const older = { ...launch, plans: [{ ...plan, config: { ...plan.config, teacher } }] } as unknown as Launch;
  await storeLaunch(workspace, older);
  return older;
}

test('a run that has started keeps its plan, under keys that its version did not know', async () => {
  const older = await storeWithout(await find(), 'mode');
  expect((await find()).plans).toEqual(older.plans);
});

test('another value is refused with the difference; --new starts beside it', async () => {
  await storeLaunch(workspace, await find());
  await expect(find('iterations: 3')).rejects.toMatchObject({
    kind: 'usage',
    message: 'demo was started with a different configuration:\n  iterations: was 2, is 3',
  });
  expect((await find('iterations: 3', true)).name).toBe('demo~2');
});

test('so is a value other than the default of a key that its version did not know', async () => {
  await storeWithout(await find(), 'max_tokens');
  await expect(find('iterations: 2\nteacher: {max_tokens: 99}')).rejects.toMatchObject({
    message: expect.stringMatching(/\n {2}teacher\.max_tokens: was \d+, is 99$/),
  });
});

describe('files that a plan names', () => {
  let data: string;
  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'tutelage-data-'));
    await write('train.jsonl', 5);
    await write('test.jsonl', 5, 100);
  });
  afterEach(() => rm(data, { recursive: true }));

  const write = (file: string, rows: number, first = 0) =>
    writeFile(
      join(data, file),
      Array.from({ length: rows }, (_, row) => `{"question": "What is ${first + row} + 1?", "answer": "${row}"}\n`),
    );

  const findWithData = async (isNew = false): Promise<Launch> => {
    const text = `name: own\ntask: {kind: jsonl, check: number, train: ${data}/train.jsonl, test: ${data}/test.jsonl}\nteacher: {provider: openai, model: m}\n`;
    const parsed = parseConfigFile({ text, file: 'own.yaml', sets: [] });
    if (!parsed.ok) {
      throw new Error(JSON.stringify(parsed.problems));
    }
    return findLaunch(workspace, { file: 'own.yaml', ...parsed }, isNew);
  };

  test('are in it by digest', async () => {
    const { plans } = await findWithData();
    expect(Object.keys(plans[0]?.files ?? {})).toEqual([join(data, 'test.jsonl'), join(data, 'train.jsonl')]);
  });

  test('may be written anew with the same content', async () => {
    await storeLaunch(workspace, await findWithData());
    await write('train.jsonl', 5);
    expect((await findWithData()).name).toBe('own');
  });

  const findWith = async (task: string): Promise<Launch> => {
    const text = `name: own\ntask: ${task}\nteacher: {provider: openai, model: m}\n`;
    const parsed = parseConfigFile({ text, file: join(data, 'own.yaml'), sets: [] });
    if (!parsed.ok) {
      throw new Error(JSON.stringify(parsed.problems));
    }
    const runs = parsed.runs.map(({ config, ...plan }) => {
      const task = configuredTask(config.task).withPaths((path) => resolve(data, path));
      return { ...plan, config: { ...config, task } };
    });
    return findLaunch(workspace, { file: 'own.yaml', ...parsed, runs }, false);
  };

  test('may be the program that checks answers: an edited one is refused', async () => {
    const task =
      '{kind: jsonl, check: command, command: {run: [python3, check.py]}, train: train.jsonl, test: test.jsonl}';
    await writeFile(join(data, 'check.py'), 'print("first")');
    await storeLaunch(workspace, await findWith(task));
    expect((await findWith(task)).name).toBe('own');
    await writeFile(join(data, 'check.py'), 'print("other")');
    await expect(findWith(task)).rejects.toThrow(/something else now:\n {2}.*check\.py: its content was sha256/);
  });

  test('may be the module of a task, with the files that it names: edited ones are refused', async () => {
    let version = 1;
    // Another process reads what is there now.
    provideTaskModules((path) => ({
      ...{ path, sha256: String(version).repeat(64), files: [join(data, 'train.jsonl')] },
      ...{ has: () => false, changed: () => null, call: () => ({ ok: false, reason: 'is not called' }) },
    }));
    await writeFile(join(data, 'own.mjs'), 'first');
    await storeLaunch(workspace, await findWith('{kind: ./own.mjs}'));
    expect((await findWith('{kind: ./own.mjs}')).name).toBe('own');
    await writeFile(join(data, 'own.mjs'), 'other');
    await write('train.jsonl', 6);
    version = 2;
    await expect(findWith('{kind: ./own.mjs}')).rejects.toThrow(
      /started with files that hold something else now:\n {2}.*own\.mjs: its content was.*\n {2}.*train\.jsonl: its content was[^\n]*$/,
    );
  });

  test('are refused when one of them changed, with what changed; --new starts beside', async () => {
    await storeLaunch(workspace, await findWithData());
    await write('train.jsonl', 6);
    await expect(findWithData()).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringMatching(
        /^own was started with files that hold something else now:\n {2}.*train\.jsonl: its content was sha256 \w{12} \(\d+ bytes\), is \w{12}/,
      ),
      hint: expect.stringContaining('--new'),
    });
    expect((await findWithData(true)).name).toBe('own~2');
  });
});
