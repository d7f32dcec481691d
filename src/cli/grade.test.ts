import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { gradeCommand } from './grade';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutelage-grade-'));
  await writeFile(join(folder, 'train.jsonl'), '{"question": "one and one?", "answer": "2"}\n');
  await writeFile(join(folder, 'test.jsonl'), '{"question": "two and two?", "answer": "4"}\n');
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => jest.restoreAllMocks());

interface Line {
  readonly verdict: string;
  readonly readAs: string | null;
  readonly score: number | null;
  readonly reason: string | null;
}

/** What `grade` writes for these answers, by a task of this check. */
async function graded(check: string, answers: readonly object[]): Promise<{ lines: Line[]; tally: string }> {
  const config = join(folder, 'run.yaml');
  await writeFile(config, `task: {kind: jsonl, train: train.jsonl, test: test.jsonl, ${check}}\n`);
  const file = join(folder, 'answers.jsonl');
  await writeFile(file, answers.map((answer) => `${JSON.stringify(answer)}\n`).join(''));
  const written = { out: '', err: '' };
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.out += text;
    return true;
  });
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written.err += text;
    return true;
  });
  expect(await gradeCommand(config, { answers: file, set: [] })).toBe(0);
  jest.restoreAllMocks();
  return {
    lines: written.out
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line)),
    tally: written.err,
  };
}

const checks = fc.constantFrom(
  'check: number',
  'check: exact',
  'check: choice',
  'check: labels, labels: ["yes", "no"]',
  'check: json',
  'check: text',
);
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom('', '4', '#### 4', 'yes', 'no', '(A)', 'A', '{"a": 1}', '\u2028', '\\boxed{', '```', '4\u0000'),
);

test('a judged task is refused before its answers are read, with what would work', async () => {
  const config = join(folder, 'judged.yaml');
  await writeFile(config, 'task: {kind: jsonl, train: a, test: b, check: judge, judge: {rubric: It is polite.}}\n');
  await expect(gradeCommand(config, { answers: 'none.jsonl', set: [] })).rejects.toMatchObject({
    kind: 'usage',
    message: expect.stringContaining('asks a paid model for each answer, and grade buys nothing'),
    hint: expect.stringContaining('--set task.check=text --set task.judge=null'),
  });
});

test('any answers give one line each, in order, whose score is that of the verdict, and a tally that adds up', async () => {
  await fc.assert(
    fc.asyncProperty(
      checks,
      fc.array(fc.record({ question: texts, reference: texts, answer: texts }), { minLength: 1, maxLength: 40 }),
      async (check, answers) => {
        const { lines, tally } = await graded(check, answers);
        expect(lines).toHaveLength(answers.length);
        for (const [index, { verdict, score, reason }] of lines.entries()) {
          expect(['correct', 'wrong', 'unreadable', 'unmeasured']).toContain(verdict);
          expect(verdict === 'unmeasured' ? score === null : score !== null && score >= 0 && score <= 1).toBe(true);
          expect(verdict !== 'unmeasured' || reason !== null).toBe(true);
          // An answer's line does not depend on what stands beside it.
          if (index === 0) {
            expect((await graded(check, answers.slice(0, 1))).lines[0]).toEqual(lines[0]);
          }
        }
        const counts = [...tally.matchAll(/(\d+) (correct|wrong|unreadable|unmeasured)/g)];
        expect(counts.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(answers.length);
      },
    ),
    { numRuns: 30 },
  );
});

test('a reference graded as its own answer is correct wherever it can be read', async () => {
  await fc.assert(
    fc.asyncProperty(checks, fc.array(texts, { minLength: 1, maxLength: 40 }), async (check, references) => {
      const answers = references.map((reference) => ({ question: 'q', reference, answer: reference }));
      const { lines } = await graded(check, answers);
      for (const [index, { verdict }] of lines.entries()) {
        expect([references[index], verdict]).not.toEqual([references[index], 'wrong']);
      }
    }),
    { numRuns: 30 },
  );
});
