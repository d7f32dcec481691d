import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gradeByProgram } from './check-program';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutelage-program-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A program whose `grade(line)` says what it writes for an answer; `starts.txt` has a line for each start. */
async function programOf(body: string) {
  const file = join(folder, `program-${Math.random().toString(36).slice(2)}.js`);
  const script = `
    require('fs').appendFileSync(${JSON.stringify(`${file}.starts`)}, 'x');
    const write = (value) => process.stdout.write((typeof value === 'string' ? value : JSON.stringify(value)) + '\\n');
    require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, question, reference, answer } = JSON.parse(line);
      ${body}
    });`;
  await writeFile(file, script);
  return { command: [process.execPath, file], folder, secondsMax: 5, memoryMiBMax: 4096 };
}

const answersOf = (...answers: string[]) => answers.map((answer) => ({ question: 'q', reference: '4', answer }));
const never = new AbortController().signal;
const startsOf = async ({ command }: { command: string[] }) =>
  (await import('node:fs/promises')).readFile(`${command[1]}.starts`, 'utf8').then(({ length }) => length);

test('grades are right, wrong or a score, from one process', async () => {
  const program = await programOf(
    `write(answer === 'half' ? { id, score: 0.5, reason: 'so so' } : { id, correct: answer === reference });`,
  );
  expect(await gradeByProgram(program, answersOf('4', '5', 'half', ' ', '4\n\u2028\u2029\u0085"{}'), never)).toEqual([
    { state: 'graded', mark: 1 },
    { state: 'graded', mark: 0 },
    { state: 'graded', mark: 0.5, isScore: true, reason: 'so so' },
    { state: 'unasked', mark: null },
    { state: 'graded', mark: 0 },
  ]);
  expect(await startsOf(program)).toBe(1);
});

test.each([
  ['crashes', `if (answer === 'bad') { console.error('boom'); process.exit(3); }`, 'ended with status 3: boom'],
  ['is killed', `if (answer === 'bad') process.kill(process.pid, 'SIGKILL');`, 'ended by SIGKILL'],
  ['writes no JSON', `if (answer === 'bad') return write('hello');`, 'not a JSON object'],
  ['answers for another', `if (answer === 'bad') return write({ id: 'x', correct: true });`, 'where 1 was asked'],
  ['writes an absurd score', `if (answer === 'bad') return write({ id, score: 7 });`, 'neither correct'],
  ['writes without end', `if (answer === 'bad') return process.stdout.write('a'.repeat(200000));`, 'endless line'],
])('a program that %s over an answer costs that answer alone', async (_, trick, reason) => {
  const program = await programOf(`${trick} write({ id, correct: true });`);
  const grades = await gradeByProgram(program, answersOf('a', 'bad', 'c'), never);
  expect(grades.map(({ state, mark }) => [state, mark])).toEqual([
    ['graded', 1],
    ['ungraded', null],
    ['graded', 1],
  ]);
  expect(grades[1]?.reason).toContain(reason);
});

test('an answer that takes too long has no grade, and what the program started ends with it', async () => {
  const program = await programOf(
    `if (answer === 'bad') { require('child_process').spawn('sleep', ['1000']); return; } write({ id, correct: true });`,
  );
  const grades = await gradeByProgram({ ...program, secondsMax: 1 }, answersOf('a', 'bad', 'c'), never);
  expect(grades.map(({ state }) => state)).toEqual(['graded', 'ungraded', 'graded']);
  expect(grades[1]?.reason).toContain('took longer than 1 seconds');
});

test('memory above the limit costs the answer', async () => {
  const hungry = { command: ['python3', '-c', pythonEater], folder, secondsMax: 20, memoryMiBMax: 200 };
  const grades = await gradeByProgram(hungry, answersOf('small', 'big', 'small'), never);
  expect(grades.map(({ state }) => state)).toEqual(['graded', 'ungraded', 'graded']);
  expect(grades[1]?.reason).toContain('MemoryError');
});

const pythonEater = `
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    held = bytearray(1 << 30) if asked['answer'] == 'big' else b''
    print(json.dumps({'id': asked['id'], 'correct': True}), flush=True)
`;

test.each([
  [['/nowhere/at-all'], 'ended with status 127'],
  [[process.execPath, '-e', 'process.exit(1)'], 'ended with status 1'],
])('a program that grades nothing is told at once: %j', async (command, message) => {
  const program = { command, folder, secondsMax: 5, memoryMiBMax: 4096 };
  await expect(gradeByProgram(program, answersOf('a', 'b', 'c'), never)).rejects.toThrow(message);
});

test('it has no secret of the environment', async () => {
  process.env.SOME_API_KEY = 'sk-very-secret-value';
  try {
    const program = await programOf('write({ id, correct: process.env.SOME_API_KEY === undefined });');
    expect(await gradeByProgram(program, answersOf('a'), never)).toEqual([{ state: 'graded', mark: 1 }]);
  } finally {
    delete process.env.SOME_API_KEY;
  }
});

test('a stop ends the program at once', async () => {
  const program = await programOf('');
  const stop = new AbortController();
  const grading = gradeByProgram({ ...program, secondsMax: 3600 }, answersOf('a'), stop.signal);
  stop.abort(new Error('stopped'));
  await expect(grading).rejects.toThrow('stopped');
});
