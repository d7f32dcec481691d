import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configuredTask } from '../core/tasks/registry';
import { verifierOf } from './row-verifier';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutelage-verifier-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const never = new AbortController().signal;

/** A task whose program crashes on "crash", takes for ever over "hang", and finds "wrong" wrong. It notes what it is asked. */
async function configOf(verify: 'none' | 'checker') {
  const script = `
    require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, question, reference, answer } = JSON.parse(line);
      require('fs').appendFileSync('asked.txt', JSON.stringify([process.pid, question, reference, answer]) + '\\n');
      if (answer === 'crash') process.exit(3);
      if (answer === 'hang') return;
      console.log(JSON.stringify({ id, correct: answer !== 'wrong', reason: 'test 1' }));
    });`;
  await writeFile(join(folder, 'program.js'), script);
  const { task } = {
    task: configuredTask({
      ...{ kind: 'jsonl', train: 'a', test: 'b', question: 'q', answer: 'a', check: 'command', prompts },
      command: { run: [process.execPath, 'program.js'], folder, seconds_max: 1, memory_max_mib: 4096 },
    }).withPaths((path) => path),
  };
  return { task, hygiene: { near: 0.8, duplicates: 'reject' as const, verify } };
}
const prompts = { question: '{question}', answer: '{question}', student: '{question}' };

test('the program is asked about rows one by one, without a reference; what it crashes on or is late with costs that row alone', async () => {
  const verifier = verifierOf(await configOf('checker'), never);
  const rows = ['right', 'crash', 'wrong', 'hang', 'right'].map((answer, index) => ({ question: `q${index}`, answer }));
  const grades = await Promise.all(rows.map((row) => verifier?.verify(row)));
  await verifier?.end();
  expect(grades).toEqual([
    { state: 'graded', mark: 1, reason: 'test 1' },
    { state: 'ungraded', mark: null, reason: 'the program of task.command ended with status 3' },
    { state: 'graded', mark: 0, reason: 'test 1' },
    { state: 'ungraded', mark: null, reason: 'the program of task.command took longer than 1 seconds' },
    { state: 'graded', mark: 1, reason: 'test 1' },
  ]);
  const asked = (await readFile(join(folder, 'asked.txt'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(asked.map(([, ...said]) => said)).toEqual(rows.map(({ question, answer }) => [question, null, answer]));
  // One process before the crash, one before the time-out, one after it.
  expect(new Set(asked.map(([pid]) => pid)).size).toBe(3);
});

test('nobody is asked where the file does not say so', async () => {
  expect(verifierOf(await configOf('none'), never)).toBeNull();
});

test('a stop ends the program, and what was not asked is not', async () => {
  const stop = new AbortController();
  const verifier = verifierOf(await configOf('checker'), stop.signal);
  const verifying = Promise.allSettled([1, 2].map(() => verifier?.verify({ question: 'q', answer: 'hang' })));
  stop.abort(new Error('stopped'));
  expect((await verifying).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await verifier?.end();
});
