import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import type { RejectedRow } from '../../src/core/records';
import type { RunRecord } from '../../src/core/run-record';
import { openArtifactStore } from '../../src/store/artifacts/artifact-store';
import { folderWith, runCli } from '../support/cli';

jest.setTimeout(600_000);

/** The student learns next to nothing here: what is tested is that every step of every task does its work. */
const small = `
student:
  base: tiny
  warm_up: {rows: 20, steps: 4}
  max_new_tokens: 24
  finetune: {method: full, epochs: 1, batch_size: 8, learning_rate: 3e-3}
strategy: random
iterations: 1
samples_per_iteration: 12
`;

const plan = (name: string, teacher: string, tasks: readonly string[]) =>
  `name: ${name}\n${small}\ntask: ${tasks[0]}\nteacher: ${teacher}\nmatrix:\n  task:\n${tasks.map((task) => `    - ${task}\n`).join('')}`;

/** What `npm run tasks` prints at its end: one line a task. */
const lines: string[][] = [];
afterAll(() => {
  const heads = ['task', 'pool', 'asked', 'answered', 'parsed', 'new', 'clean', 'verified', 'accepted'];
  const table = [[...heads, 'well-formed', 'correct', 'proofs', 'strata'], ...lines];
  const widths = heads.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)));
  const text = table.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 11))
      .join('  ')
      .trimEnd(),
  );
  process.stdout.write(`\n${text.join('\n')}\n\n`);
});

function noteLine({ config, prepared }: RunRecord, { funnel, evaluation }: RunRecord['iterations'][number]): void {
  const { task, hygiene } = config;
  const kind = task.kind === 'gsm8k' && task.source === 'templates' ? 'gsm8k, templates' : task.kind;
  const { correct, wellFormed, total, proof } = evaluation.overall;
  lines.push([
    hygiene.verify === 'none' ? kind : `${kind} (${hygiene.verify})`,
    String(prepared.pool.rows),
    ...Object.values(funnel ?? {}).map(String),
    `${wellFormed}/${total}`,
    `${correct}/${total}`,
    proof === undefined ? '-' : `${proof}/${total}`,
    String(Object.keys(evaluation.strata).length),
  ]);
}

async function recordsOf(workspace: string, name: string) {
  const store = openArtifactStore(join(workspace, 'artifacts'), join(workspace, 'checkouts'));
  const read = async <T>(...path: string[]): Promise<T> =>
    JSON.parse(await readFile(join(workspace, 'runs', ...path), 'utf8')) as T;
  const { runs } = await read<{ runs: { run: string }[] }>(name, 'experiment.json');
  return Promise.all(
    runs.map(async ({ run }) => {
      const record = await read<RunRecord>(run, 'run.json');
      const [iteration] = record.iterations;
      if (iteration === undefined) {
        throw new Error(`${run} has no iteration`);
      }
      noteLine(record, iteration);
      return { record, iteration, rejected: await store.readRecords<RejectedRow>(iteration.rejected) };
    }),
  );
}

it('operator-chains, game24, prontoqa and templated word problems run with the offline teacher', async () => {
  const sizes = 'pool_size: 40, test_size: 20';
  const folder = await folderWith(
    plan('offline', '{provider: offline, noise: 0.25}', [
      `{kind: operator-chains, ${sizes}}`,
      `{kind: game24, ${sizes}}`,
      `{kind: prontoqa, hops: [1, 2], ${sizes}}`,
      `{kind: gsm8k, source: templates, ${sizes}}`,
    ]),
  );
  const result = await runCli(['run', folder.file, '--set', 'hygiene.verify=checker'], folder);
  expect(result).toMatchObject({ exitCode: 0 });
  for (const { record, iteration, rejected } of await recordsOf(folder.workspace, 'offline')) {
    const { funnel, evaluation } = iteration;
    expect(record.state).toBe('complete');
    expect(funnel).toMatchObject({ accepted: 12, verified: 12 });
    expect(funnel?.asked).toBe(12 + rejected.length);
    expect(rejected.some(({ stage }) => stage === 'verify')).toBe(true);
    expect(evaluation.overall.total).toBe(20);
    expect(Object.keys(evaluation.strata).length).toBeGreaterThan(1);
    expect(evaluation.overall.proof === undefined).toBe(record.config.task.kind !== 'prontoqa');
  }
});

it('rows whose answers do not agree are left out and counted; the summary shows the funnel; an adapter is exported merged', async () => {
  const folder = await folderWith(
    plan('agreed', '{provider: offline, noise: 0.25}', [
      '{kind: gsm8k, source: templates, pool_size: 40, test_size: 20}',
      '{kind: game24, pool_size: 40, test_size: 20}',
    ]),
  );
  const sets = ['--set', 'hygiene={verify: agreement, answers: 3}', '--set', 'student.finetune.method=lora'];
  expect(await runCli(['run', folder.file, ...sets], folder)).toMatchObject({ exitCode: 0 });
  for (const { iteration, rejected } of await recordsOf(folder.workspace, 'agreed')) {
    const doubted = rejected.filter(({ stage }) => stage === 'verify');
    expect(doubted.length).toBeGreaterThan(0);
    expect(
      doubted.every(
        ({ reason, furtherAnswerRequests }) => / of 3 readable/.test(reason) && furtherAnswerRequests?.length === 2,
      ),
    ).toBe(true);
    expect((iteration.funnel?.clean ?? 0) - (iteration.funnel?.verified ?? 0)).toBe(doubted.length);
    expect(iteration.spend.samples).toBe(12);
  }
  const shown = await runCli(['report', 'agreed/gsm8k'], folder);
  expect(`${shown.stdout}${shown.stderr}`).toMatch(/verify: … of … readable answers of the teacher agree with it/);
  const to = join(folder.workspace, 'exported');
  expect(await runCli(['export', 'agreed/gsm8k', '--merged', '--out', to], folder)).toMatchObject({ exitCode: 0 });
  const merged = await readdir(join(to, 'student-merged'));
  expect(merged).toEqual(expect.arrayContaining(['config.json', 'model.safetensors', 'tokenizer.json', 'README.md']));
  expect(merged.filter((name) => name.startsWith('adapter'))).toEqual([]);
  expect(await readFile(join(to, 'README.md'), 'utf8')).toContain('Merging is not bit-exact');
  expect(await runCli(['audit', 'agreed'], folder)).toMatchObject({ exitCode: 0 });
});

/** A teacher's questions, in the order they are given; one is doubled, one is a test question, one is none. */
const questions = [
  'Tom has 4 red and 5 blue pens. How many pens does he have?',
  'Tom has 4 red and 5 blue pens.  How many pens does he have?',
  'What is the sum of 0 and 1000?',
  'no',
  'A farm keeps 9 hens that lay 2 eggs each. How many eggs are laid?',
  'Find the larger root of a quadratic with roots 3 and 9.',
  'How long is a journey of 18 miles at 2 miles an hour?',
  'Nine is added to nothing. Which number comes out?',
  'A square garden covers 81 square metres. Give the length of one side.',
  'Of 12 buses 3 are broken; count those on the road.',
  'Divide a rope of 27 metres among three sailors.',
  'If a dozen is reduced by a quarter, what remains?',
  'Ada reads chapters 1 to 9 tonight. Count the chapters.',
  'The ages of two brothers add up to 10; one is 1. How old is the other?',
  'Simplify the fraction 63 over 7.',
  'Seven coins lie on a table and two more roll in. Say their number.',
];

function replyTo(content: string, asked: number): string {
  if (content.includes('Write one new')) {
    return questions[asked] ?? 'no';
  }
  return content.includes('boxed') ? 'It is $4+5$.\n\\boxed{\\frac{9}{1}}' : 'That makes 4 + 5 = 9.\n#### 9';
}

describe('with a teacher of the usual protocol', () => {
  let server: Server;
  let baseUrl: string;
  beforeAll(async () => {
    const asked = new Map<string, number>();
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) {
        chunks.push(chunk as Buffer);
      }
      const { messages, model } = JSON.parse(Buffer.concat(chunks).toString());
      const content = messages.at(-1).content as string;
      const kind = content.slice(0, 20);
      const count = asked.get(kind) ?? 0;
      asked.set(kind, count + 1);
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          ...{ id: 'c', object: 'chat.completion', created: 1, model },
          choices: [
            { index: 0, message: { role: 'assistant', content: replyTo(content, count) }, finish_reason: 'stop' },
          ],
          usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 },
        }),
      );
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  });
  afterAll(() => server.close());

  it("gsm8k, math and the user's own file run; doubled, leaked and broken rows are left out with their reasons", async () => {
    const folder = await folderWith(
      plan('served', `{provider: openai, model: double, base_url: "${baseUrl}", max_parallel_requests: 1}`, [
        '{kind: gsm8k, train: gsm-train.jsonl, test: gsm-test.jsonl}',
        '{kind: math, train: math-train.jsonl, test: math-test.jsonl}',
        '{kind: jsonl, check: math, question: q, answer: a, stratum: group, train: own-train.jsonl, test: own-test.jsonl}',
      ]),
    );
    const alphabet = '!"#$%&\'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_abcdefghijklmnopqrstuvwxyz{|}';
    const forms: Record<string, (question: string, index: number) => object> = {
      gsm: (question, index) => ({ question, answer: `It is <<1+1=2>>${index}.\n#### ${index}` }),
      math: (problem, index) => ({ problem, solution: `So \\boxed{${index}}.`, level: `Level ${1 + (index % 3)}` }),
      own: (q, index) => ({ q, a: `$${index}$`, group: index % 2 === 0 ? 'even' : 'odd' }),
    };
    for (const [kind, form] of Object.entries(forms)) {
      for (const [set, count, offset] of [
        ['train', 30, 0],
        ['test', 20, 1000],
      ] as const) {
        const rows = Array.from({ length: count }, (_, index) =>
          form(
            set === 'train' && index === 0 ? `Read ${alphabet}` : `What is the sum of ${index} and ${index + offset}?`,
            index,
          ),
        );
        await writeFile(
          join(dirname(folder.file), `${kind}-${set}.jsonl`),
          rows.map((row) => JSON.stringify(row)).join('\n'),
        );
      }
    }
    const result = await runCli(['run', folder.file, '--set', 'parallel_runs=1'], {
      ...folder,
      environment: { OPENAI_API_KEY: 'none' },
    });
    expect(result).toMatchObject({ exitCode: 0 });
    for (const { iteration, rejected } of await recordsOf(folder.workspace, 'served')) {
      const { funnel, evaluation } = iteration;
      expect(rejected.map(({ stage }) => stage).sort()).toEqual(['duplicate', 'leak', 'question']);
      expect(rejected.map(({ reason }) => reason).join()).toContain('the same as test question test-00000');
      expect(funnel).toEqual({ asked: 15, answered: 15, parsed: 14, new: 13, clean: 12, verified: 12, accepted: 12 });
      expect(evaluation.overall.total).toBe(20);
      expect(evaluation.overall.answered).toBeGreaterThanOrEqual(evaluation.overall.wellFormed);
    }
  });

  it('a data file that is wrong is named with its line before anything is started', async () => {
    const folder = await folderWith(
      plan('wrong', `{provider: openai, model: double, base_url: "${baseUrl}"}`, [
        '{kind: jsonl, check: number, train: train.jsonl, test: test.jsonl}',
      ]),
    );
    await writeFile(join(dirname(folder.file), 'train.jsonl'), '{"question": "How many?", "answer": 5}\n{"q": 1}\n');
    for (const verb of ['validate', 'run']) {
      const result = await runCli([verb, folder.file], { ...folder, environment: { OPENAI_API_KEY: 'none' } });
      expect(result.exitCode).toBe(2);
      expect(result.stderr).toContain('train.jsonl:2: there is no column "question"; there are q');
      expect(result.stderr).toContain('test.jsonl: there is no such file');
    }
  });
});
