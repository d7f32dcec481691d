import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parseConfigFile } from '../core/config';
import { formatProblems } from '../core/config/problems';
import { TutelageError } from '../core/errors';
import { provideTaskModules } from '../core/tasks/module/task-module';
import { taskOf } from '../core/tasks/registry';
import type { Task } from '../core/tasks/task';
import { loadTaskModule } from './task-modules';

const repository = resolve(__dirname, '../..');

const whole = `
  export const seeds = () => [{ question: 'one plus one?', answer: 2 }, { question: 'two plus two?', answer: 4 }];
  export const tests = () => [{ question: 'three plus three?', answer: 6 }];
  export const check = (question, reference, answer) => answer.trim() === reference;
`;

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutelage-modules-'));
  provideTaskModules((path) => loadTaskModule(path, { callMsMax: 200 }));
});
afterAll(() => rm(folder, { recursive: true }));

/** What a configuration beside the module makes of it: its task, or its problems as a user reads them. */
async function configured(source: string, more = ''): Promise<Task | string> {
  count += 1;
  const name = `task-${count}.mjs`;
  await writeFile(join(folder, name), source);
  const text = `name: own\ntask: {kind: ./${name}}\nteacher: {provider: openai, model: m}\n${more}`;
  const parsed = parseConfigFile({ text, file: join(folder, 'run.yaml'), sets: [] });
  const [run] = parsed.ok ? parsed.runs : [];
  return run === undefined
    ? parsed.ok
      ? 'no run'
      : formatProblems(parsed.problems).replaceAll(`${folder}/`, '')
    : taskOf({ ...run.config.task, kind: join(folder, name) } as Parameters<typeof taskOf>[0]);
}

async function taskFrom(source: string): Promise<Task> {
  const task = await configured(source);
  if (typeof task === 'string') {
    throw new Error(task);
  }
  return task;
}

describe('a module that is no task is refused with its line and one sentence', () => {
  const without = (name: string) => whole.replace(`export const ${name}`, `const ${name}`);
  const cases: [claim: string, source: string, says: string][] = [
    ['it lacks a function', without('check'), 'task-N.mjs must export the function check; it exports seeds, tests'],
    ['it exports nothing', '', 'must export the functions seeds, tests, check; it exports nothing'],
    ['a function is none', `${whole}export const prompt = 'q';`, 'exports prompt, which must be a function'],
    ['a name is misspelt', `${whole}export const startum = () => 'a';`, 'exports startum; did you mean stratum?'],
    ['a function is async', `${whole}export async function stratum() {}`, 'exports stratum, which must not be async'],
    ['rows come later', `${whole.replace('seeds = ()', 'seeds = async ()')}`, 'exports seeds, which must not be async'],
    ['it throws', 'throw new Error("no\\ndatabase");', 'cannot be loaded: no database'],
    ['a file of it is absent', `${whole}export const files = ['words.txt'];`, 'names a file that does not exist'],
    [
      'its files are no list',
      `${whole}export const files = 'words.txt';`,
      'exports files, which must be a list of paths',
    ],
  ];
  test.each(cases)('%s', async (_, source, says) => {
    const problems = await configured(source);
    expect(problems).toContain('run.yaml:2:14: task.kind: ');
    expect(problems).toContain(says.replace('N', String(count)));
  });

  // The test runner loads modules in its own way.
  test('Node cannot load it', async () => {
    const sources = ['export const seeds = (', `${whole}await null;`, "import './none.mjs';"];
    const files = sources.map((_, index) => join(folder, `unloadable-${index}.mjs`));
    await Promise.all(files.map((file, index) => writeFile(file, sources[index] ?? '')));
    const script = `const { loadTaskModule } = require('./dist/store/task-modules');
      console.log(JSON.stringify(${JSON.stringify(files)}.map((file) => loadTaskModule(file).problem)));`;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['-e', script], { cwd: repository });
    const problems = (JSON.parse(stdout) as string[]).map((problem) => problem.replaceAll(`${folder}/`, ''));
    expect(problems[0]).toMatch(/^unloadable-0\.mjs cannot be loaded: SyntaxError: /);
    expect(problems[1]).toBe('unloadable-1.mjs cannot be loaded: it must not use await at its top level');
    expect(problems[2]).toMatch(/^unloadable-2\.mjs cannot be loaded: Cannot find module 'none\.mjs'/);
    expect(stderr).not.toContain('Error');
  });

  test('it does not exist', () => {
    const text = 'name: own\ntask: {kind: ../none.mjs}\n';
    const parsed = parseConfigFile({ text, file: 'some/run.yaml', sets: [] });
    expect(parsed.ok ? '' : formatProblems(parsed.problems)).toMatch(/task\.kind: there is no file .*\/none\.mjs\n/);
  });

  test('a wrong key of its section, and a kind that is neither', async () => {
    expect(await configured(whole, '')).toMatchObject({ promptVersion: 1 });
    const problemsOf = (task: string) => {
      const parsed = parseConfigFile({ text: `name: own\ntask: ${task}\n`, file: 'run.yaml', sets: [] });
      return parsed.ok ? '' : formatProblems(parsed.problems);
    };
    expect(problemsOf('{kind: ./own.mjs, poolsize: 3}')).toContain('did you mean: pool_size');
    expect(problemsOf('{kind: gsm8q}')).toContain('did you mean: gsm8k');
    expect(problemsOf('{kind: gsm8k, levels: [1]}')).toContain('unknown key');
  });

  test('checker without verify', async () => {
    expect(await configured(whole, 'hygiene: {verify: checker}\n')).toContain('hygiene.verify: the task');
    const verify = `${whole}export const verify = (question, answer) => answer === '2';`;
    expect(await configured(verify, 'hygiene: {verify: checker}\n')).toMatchObject({ promptVersion: 1 });
  });
});

describe('rows', () => {
  const cases: [claim: string, seeds: string, says: string][] = [
    ['that are none', '7', 'seeds() must return a list of rows {question, answer}, but returned number'],
    ['that come later', 'Promise.resolve([])', 'returned a promise; it must not be async'],
    ['that are empty', '[]', 'seeds() returned no rows'],
    ['without a question', '[{ answer: 1 }, {}]', 'seeds() row 0 (and 1 more) has no question that is a text'],
    ['without an answer', '[{ question: "one?" }]', 'has no answer that is a text or a number'],
    [
      'that repeat',
      '[1, 2].map(() => ({ question: "one?", answer: 1 }))',
      'seeds() row 1 has the question of an earlier row',
    ],
    [
      'that are in the test set',
      '[{ question: "three plus three?", answer: 6 }]',
      'tests() has a question that is also a seed',
    ],
    ['that cannot be made', '(() => { throw null; })()', 'seeds() threw: null'],
  ];
  test.each(cases)('%s are refused', async (_, seeds, says) => {
    const task = await taskFrom(whole.replace(/seeds = .*/, `seeds = () => ${seeds};`));
    expect(() => task.makeData(1)).toThrow(says);
  });

  test('may come from a generator, and be drawn by the seed of the run', async () => {
    const source = whole.replace(
      /export const seeds.*/,
      'export function* seeds({ seed, options }) { yield { question: seed + " of " + typeof options, answer: 1 }; }',
    );
    const [first] = (await taskFrom(source)).makeData(7).pool;
    expect(first).toEqual({ id: 'pool-00000', question: '7 of object', answer: '1', stratum: 'all' });
  });

  test('whose prompt throws are refused before anything is bought', async () => {
    const prompt =
      "export const prompt = (question) => { if (/two/.test(question)) throw new TypeError('x'); return question; };";
    const task = await taskFrom(whole + prompt);
    expect(() => task.makeData(1)).toThrow('prompt() threw: TypeError: x, for the question "two plus two?"');
    expect(task.parseQuestion('what is two plus nine?')).toEqual({ ok: false, reason: 'prompt() threw: TypeError: x' });
  });
});

test('an answer on which check throws, never ends, or says nothing is unmeasured; the others are graded', async () => {
  const task = await taskFrom(`${whole.replace(/export const check.*/, '')}
    export function check(question, reference, answer) {
      const says = { throws: () => { throw { toString() { throw 1; } }; }, hangs: () => { for (;;); }, later: async () => true,
        text: () => 'yes', high: () => 2, none: () => null, half: () => 0.5, why: () => ({ correct: false, reason: 'no', readAs: 'w' }) };
      return says[answer]?.() ?? (answer in says ? null : answer === reference);
    }`);
  const verdict = (answer: string) => task.check('q', '2', answer);
  expect(
    ['throws', 'hangs', 'later', 'text', 'high', '', 'none', '3', '2', 'half', 'why'].map((a) => verdict(a).state),
  ).toEqual([
    'unmeasured',
    'unmeasured',
    'unmeasured',
    'unmeasured',
    'unmeasured',
    'unreadable',
    'unreadable',
    'wrong',
    'correct',
    'correct',
    'wrong',
  ]);
  expect(verdict('hangs').reason).toBe('check() took longer than 0.2 seconds');
  expect(verdict('half').score).toBe(0.5);
  expect(verdict('why')).toMatchObject({ readAs: 'w', reason: 'no' });
});

test('a worker refuses another version than the run was started with', async () => {
  await taskFrom(whole);
  const kind = join(folder, `task-${count}.mjs`) as `${string}.mjs`;
  const prompts = { question: '{question}', answer: '{question}', student: '{question}' };
  const task = taskOf({ kind, options: {}, sha256: 'a'.repeat(64), prompts });
  expect(() => task.check('q', '2', '2')).toThrow(/another version: expected sha256 aaaaaaaaaaaa, found [0-9a-f]{12}/);
});

test('a file that is edited while a process works is told of once; the loaded version goes on, another run is refused', async () => {
  await taskFrom(whole);
  const path = join(folder, `task-${count}.mjs`);
  const told: string[] = [];
  const load = () => loadTaskModule(path, { onChanged: (sentence) => told.push(sentence) });
  const before = load();
  expect(told).toEqual([]);
  await writeFile(path, `${whole}// edited`);
  expect([load(), load()]).toEqual([before, before]);
  expect(told).toEqual([
    `${path} was changed; this process continues with the version that it loaded, and a run that is resumed later needs that version again`,
  ]);
  const now = createHash('sha256').update(`${whole}// edited`).digest('hex');
  const kind = path as `${string}.mjs`;
  const prompts = { question: '{question}', answer: '{question}', student: '{question}' };
  const { hint } = thrown(() => taskOf({ kind, options: {}, sha256: now, prompts }).check('q', '2', '2'));
  expect(hint).toBe('this process loaded an earlier version of it: start it again');
});

function thrown(work: () => unknown): { hint?: string | undefined } {
  try {
    work();
  } catch (error) {
    return error instanceof TutelageError ? error : {};
  }
  return {};
}
