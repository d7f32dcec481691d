import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../../test/support/cli';

/** The example of a task from outside, by the built command line: the way a user meets it. */
let workspace: string;
beforeAll(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'tutelage-coins-'));
});
afterAll(() => rm(workspace, { recursive: true }));

const example = 'config/examples/coins.yaml';

test('config/examples/coins.yaml is valid, and shows a question as the student reads it', async () => {
  const { exitCode, stdout, stderr } = await runCli(['validate', example, '--json'], { workspace });
  expect(exitCode === 0 ? '' : stderr).toBe('');
  const { data } = JSON.parse(stdout);
  expect(data[0]).toMatchObject({ seeds: 400, tests: { test: 50 } });
  expect(data[0].firstSeed.studentPrompt).toMatch(/^Pay \d+ with coins of 1, .*\. Write the coins as 5 \+ 5 \+ 1\.\n$/);
});

test('answers are graded by it, and one that it fails on costs that answer alone', async () => {
  const question = 'Pay 12 with coins of 1, 6, 10.';
  const said = [
    { question, reference: '6 + 6', answer: 'Two of them.\n6 + 6' },
    { question, reference: '6 + 6', answer: '10 + 1 + 1' },
    { question, reference: '6 + 6', answer: '6 + 7' },
    { question, reference: '6 + 6', answer: 'six and six' },
    { question: 'Pay what you like.', reference: '', answer: '6 + 6' },
    { question, reference: '6 + 6', answer: '6+6' },
  ];
  const answers = join(workspace, 'answers.jsonl');
  await writeFile(answers, said.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const { exitCode, stdout, stderr } = await runCli(['grade', example, '--answers', answers], { workspace });
  expect(exitCode === 0 ? '' : stderr).toBe('');
  const verdicts = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(verdicts.map(({ verdict, reason }) => [verdict, reason])).toEqual([
    ['correct', null],
    ['wrong', 'fewer coins would do'],
    ['wrong', 'there is no coin of 7'],
    ['unreadable', 'check() cannot read it'],
    ['unmeasured', expect.stringMatching(/^check\(\) threw: TypeError: /)],
    ['correct', null],
  ]);
  expect(stderr).toContain('6 answers: 2 correct, 2 wrong, 1 unreadable, 1 unmeasured; accuracy 0.400');
});
