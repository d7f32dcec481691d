import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/**
 * Adds a task as ARCHITECTURE.md says, to a copy of the sources: its folder, and its line in the registry. Then the
 * copy is run, so that whatever else a new task needed would be missing here.
 */

const call = promisify(execFile);
const root = resolve(__dirname, '../..');
let copy: string;

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'tutelage-new-task-'));
  await cp(join(root, 'src'), join(copy, 'src'), { recursive: true });
  await cp(join(root, 'package.json'), join(copy, 'package.json'));
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  const folder = join(copy, 'src/core/tasks/toy');
  await cp(join(root, 'test/support/toy-task'), folder, { recursive: true });
  for (const name of ['schema', 'task', 'offline', 'definition']) {
    const file = join(folder, `${name}.ts`);
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll('../../../src/core/', '../../'));
  }
  const registry = join(copy, 'src/core/tasks/registry.ts');
  const text = await readFile(registry, 'utf8');
  const [list = ''] = /const definitions = \[\n/.exec(text) ?? [];
  const line = `import { toyDefinition } from './toy/definition';\n`;
  await writeFile(registry, line + text.replace(list, `${list}  toyDefinition,\n`));
});
afterAll(() => rm(copy, { recursive: true, force: true }));

/** Runs a script in the copy and reads the JSON that it prints. */
async function run(script: string): Promise<unknown> {
  const file = join(copy, 'src', 'probe.ts');
  await writeFile(file, script);
  const { stdout } = await call(process.execPath, ['--import', 'tsx', file], { cwd: copy });
  return JSON.parse(stdout);
}

const imports = `
  import { configuredTask, taskOf, taskSchema } from './core/tasks/registry';
  import { gradeRequests } from './core/strategies/judging';
  import { completeOffline } from './teacher/offline/server';
  const config = taskSchema.parse({ kind: 'toy', words: 'words.txt' });
  const task = taskOf(config);
  const [seed] = task.makeData(1).pool;
`;

test('its options are parsed, with defaults, and its paths are made absolute', async () => {
  const found = await run(`${imports}
    console.log(JSON.stringify(configuredTask(config).withPaths((path) => '/data/' + path)));
  `);
  expect(found).toEqual({
    ...{ kind: 'toy', loud: false, quiet: false, words: '/data/words.txt', pool_size: 1000, test_size: 10 },
  });
});

test('the offline teacher writes its rows, and the offline judge grades them', async () => {
  const found = await run(`${imports}
    const say = (messages) => completeOffline({ messages, seed: 1 })?.choices[0].message.content;
    const question = say(task.questionMessages(seed));
    const answer = say(task.answerMessages(question));
    const [request] = gradeRequests('judge', { ...seed, question }, answer);
    const verdict = task.check(question, '', answer);
    console.log(JSON.stringify({ question, answer, verdict, grade: say(request.messages) }));
  `);
  expect(found).toMatchObject({
    question: expect.stringMatching(/^\d{3}$/),
    answer: expect.stringMatching(/^(\d+) \1$/),
    verdict: { correct: true },
    grade: 'Said twice.\nGrade: 10',
  });
});

describe('tutelage validate', () => {
  const validate = async (task: string) => {
    await writeFile(join(copy, 'toy.yaml'), `name: toy\ntask: ${task}\nstrategy: judge\n`);
    const parts = ['--import', 'tsx', join(copy, 'src/cli/main.ts'), 'validate', 'toy.yaml'];
    return call(process.execPath, parts, { cwd: copy }).then(
      ({ stderr }) => stderr,
      ({ stderr }: { stderr: string }) => stderr,
    );
  };

  test('takes a file of the task, whose strategy needs the offline judge', async () => {
    expect(await validate('{kind: toy, loud: true}')).toContain('toy.yaml is valid');
  });

  test('says what contradicts itself, where it is written', async () => {
    expect(await validate('{kind: toy, loud: true, quiet: true}')).toContain(
      'toy.yaml:2:38: task.quiet: not together with loud: true',
    );
  });

  test('names its keys where one is misspelt', async () => {
    expect(await validate('{kind: toy, lowd: true}')).toContain('did you mean: loud');
  });
});

test('nothing outside the rooms of the tasks knows a task by its name', async () => {
  const kinds = /(?<!\w)kind (?:===|!==) '(?:operator-chains|gsm8k|math|prontoqa|game24|jsonl)'/;
  const files = (await readdir(join(root, 'src'), { recursive: true })).filter(
    (file) => /(?<!\.test)\.ts$/.test(file) && !file.startsWith(join('core', 'tasks')),
  );
  expect(files.length).toBeGreaterThan(200);
  for (const file of files) {
    expect([file, kinds.exec(await readFile(join(root, 'src', file), 'utf8'))?.[0]]).toEqual([file, undefined]);
  }
});
