import { once } from 'node:events';
import { access, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parse } from 'yaml';
import { initKinds } from '../../src/cli/init';
import { packageFile } from '../../src/cli/package-files';
import type { RunRecord } from '../../src/core/run-record';
import { folderWith, runCli } from '../support/cli';

jest.setTimeout(600_000);

/** All in one experiment, which starts one server. The student learns next to nothing here: what is tested is that each starting point goes all the way. */
const config = (baseUrl: string, tasks: readonly object[]) => `
name: kinds
student:
  base: tiny
  warm_up: {rows: 8, steps: 2}
  max_new_tokens: 24
  finetune: {method: full, epochs: 1, batch_size: 8, learning_rate: 3e-3}
teacher: {provider: openai, model: double, base_url: "${baseUrl}", max_parallel_requests: 1}
strategy: random
iterations: 1
samples_per_iteration: 3
task: ${JSON.stringify(tasks[0])}
hygiene: {near: 1}
matrix: {task: ${JSON.stringify(tasks)}}
`;

/** A teacher's new questions, unlike each other and the seeds, and its answers, by what the request is about. */
const replies: readonly [about: RegExp, questions: readonly string[], answer: string][] = [
  [
    /This is a question|Answer this question/,
    [
      'Rolls come in bags of six. How many are in two?',
      'A hen lays 3 eggs in 6 days. How many in 24 days?',
      'What do 4 stamps at 3 euros cost?',
    ],
    'Two times 6 is 12.\n#### 12',
  ],
  [
    /multiple-choice/,
    [
      'Which animal flies?\n(A) a pig\n(B) a bat\n(C) a cow\n(D) a dog',
      'What melts in July?\n(A) sand\n(B) snow\n(C) stone\n(D) steel',
      'Who repairs shoes?\n(A) a baker\n(B) a cobbler\n(C) a judge\n(D) a nurse',
    ],
    'It is the only one.\n#### B',
  ],
  [
    /Pay \d+ with coins/,
    [5, 6, 7].map((coin) => `Pay 31 with coins of 1, ${coin}, 12, 30.`),
    'The largest first.\n30 + 1',
  ],
  [
    /message to the support team|three topics/,
    ['my card was charged for a closed plan', 'the map stays empty on my phone', 'please add a chart of all visits'],
    'it is about money.\n#### billing',
  ],
  [
    /person and (?:a|the) city|names a person/,
    ['In Oslo, Nora Berg sells bread.', 'Rome is where Luca Rossi teaches.', 'Since May, Ana Costa has been in Lima.'],
    '{"person": "Nora Berg", "city": "Oslo"}',
  ],
  [
    /online shop/,
    ['do you sell spare bulbs for this torch', 'a button fell off the coat', 'may i collect the order myself'],
    'I am sorry. Please send us your order number.',
  ],
  [
    /Python function/,
    [
      'def last(items):\n    """Return the last of the items."""',
      'def shout(text):\n    """Return text in capitals."""',
      'def half(n):\n    """Return n in two equal parts."""',
    ],
    '```python\ndef last(items):\n    return items\n```',
  ],
];

function teacher() {
  const asked = new Map<RegExp, number>();
  const graded: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
      chunks.push(chunk as Buffer);
    }
    const { messages, model } = JSON.parse(Buffer.concat(chunks).toString());
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        ...{ id: 'c', object: 'chat.completion', created: 1, model },
        choices: [{ index: 0, message: { role: 'assistant', content: replyTo(messages) }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 },
      }),
    );
  });
  const replyTo = (messages: readonly { role: string; content: string }[]): string => {
    const content = messages.at(-1)?.content ?? '';
    if (messages[0]?.content.startsWith('You grade an answer') === true) {
      graded.push(content);
      return 'It answers what was asked.\nVerdict: PASS';
    }
    const found = replies.find(([about]) => about.test(content));
    if (found === undefined) {
      return 'no';
    }
    const [about, questions, answer] = found;
    if (!/Write (?:one|the beginning)/.test(content)) {
      return answer;
    }
    const count = asked.get(about) ?? 0;
    asked.set(about, count + 1);
    return questions[count % questions.length] ?? 'no';
  };
  return { server, graded };
}

/** The search path with bubblewrap in it. Where it is not installed, a stand-in runs what it is given, without a sandbox. */
async function pathWithBubblewrap(): Promise<string> {
  const path = process.env.PATH ?? '';
  for (const folder of path.split(delimiter)) {
    if (
      await access(join(folder, 'bwrap')).then(
        () => true,
        () => false,
      )
    ) {
      return path;
    }
  }
  const folder = await mkdtemp(join(tmpdir(), 'tutelage-bwrap-'));
  const standIn = '#!/bin/sh\nwhile [ "$1" != --clearenv ]; do shift; done\nshift\nexec "$@"\n';
  await writeFile(join(folder, 'bwrap'), standIn, { mode: 0o755 });
  return `${folder}${delimiter}${path}`;
}

describe('every starting point of init', () => {
  let server: Server;
  let graded: string[];
  beforeAll(async () => {
    ({ server, graded } = teacher());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => server.close());

  it('is valid, buys its rows, trains, and grades every test answer; so does the example of a module', async () => {
    const folder = await folderWith('');
    const options = { ...folder, environment: { OPENAI_API_KEY: 'none', PATH: await pathWithBubblewrap() } };
    const root = dirname(folder.file);
    const tasks = await Promise.all(
      initKinds.map(async (kind) => {
        expect(await runCli(['init', join(root, kind), '--kind', kind], options)).toMatchObject({ exitCode: 0 });
        return taskOf(join(root, kind), 'my-run.yaml');
      }),
    );
    const coins = await taskOf(packageFile('config/examples'), 'coins.yaml');
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    await writeFile(folder.file, config(baseUrl, [...tasks, { ...coins, test_size: 4 }]));

    const result = await runCli(['run', folder.file], options);
    expect(result.exitCode === 0 ? '' : result.stderr.slice(-2000)).toBe('');
    const runs = await readdir(join(folder.workspace, 'runs', 'kinds'), { withFileTypes: true });
    const records = await Promise.all(
      runs
        .filter((entry) => entry.isDirectory() && entry.name !== 'history')
        .map(async ({ name }): Promise<RunRecord> => {
          const file = join(folder.workspace, 'runs', 'kinds', name, 'run.json');
          return JSON.parse(await readFile(file, 'utf8'));
        }),
    );
    expect(records).toHaveLength(initKinds.length + 1);
    for (const { config, state, iterations } of records) {
      const { total = 0, unmeasured = 0 } = iterations[0]?.evaluation.overall ?? {};
      const isGraded = total >= 3 && unmeasured === 0;
      const what = { task: config.task, state, accepted: iterations[0]?.funnel?.accepted, isGraded };
      expect(what).toEqual({ task: config.task, state: 'complete', accepted: 3, isGraded: true });
    }
    expect(graded).not.toEqual([]);
  });
});

/** The task of a configuration, whose paths are those of its folder. */
async function taskOf(folder: string, name: string): Promise<Readonly<Record<string, unknown>>> {
  const { task } = parse(await readFile(join(folder, name), 'utf8'));
  const here = (path: unknown) => (typeof path === 'string' ? join(folder, path) : path);
  return {
    ...task,
    ...(task.kind === 'jsonl' ? { train: here(task.train), test: here(task.test) } : { kind: here(task.kind) }),
    ...(task.command === undefined ? {} : { command: { ...task.command, folder } }),
  };
}
