import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfigFile } from '../../src/core/config/parse-config-file';
import { randomStream } from '../../src/core/random';
import { readMarks } from '../../src/core/strategies';
import { taskOf, taskSchema } from '../../src/core/tasks/registry';
import { jsonProblem } from '../../src/store/datasets/json-problem';
import { isRecord, parseJson } from '../../src/store/datasets/parse-json';
import { classifyErrorBody } from '../../src/teacher/error-classes';
import { readReply, readText } from '../../src/teacher/reply';
import { bookedUsage } from '../../src/teacher/usage';
import { mutated } from './mutate';

/**
 * `npm run fuzz [-- --cases N] [--seed S]`: mutated texts through everything that reads what others wrote. A reader may
 * refuse a text; it may not throw, nor take a second of processor time. A run ends with how many cases each one had.
 */
const MS_MAX = 1000;

interface Reader {
  readonly name: string;
  /** What is well-formed, or was seen in a bug report. */
  readonly texts: readonly string[];
  /** @throws Error where the reader fails */
  read(text: string): void;
}

const root = join(__dirname, '..', '..');
const linesOf = (path: string) =>
  readFileSync(join(root, path), 'utf8')
    .split('\n')
    .filter((line) => line !== '');

const completion = (message: object, more: object = {}) =>
  JSON.stringify({
    id: 'c1',
    object: 'chat.completion',
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 90, completion_tokens: 12, total_tokens: 102 },
    ...more,
  });

const replies = [
  completion({ content: 'Question: 3+4*7=\nAnswer: 7*7=9' }),
  completion({
    content: [
      { type: 'text', text: 'one' },
      { type: 'text', text: ' two' },
    ],
  }),
  completion({ content: null, reasoning_content: 'first, ...' }),
  completion({ content: '<think>hm</think>42', refusal: null }, { usage: null }),
  completion({ content: null, refusal: 'I cannot help with that.' }),
  `data: ${completion({ content: 'x' })}\n\ndata: [DONE]\n\n`,
  '{"error": {"message": "insufficient credit", "code": 402}}',
  '{"detail": [{"loc": ["body"], "msg": "field required"}]}',
  '<html><body><h1>502 Bad Gateway</h1></body></html>',
  '{"object": "error", "message": "maximum context length is 4096 tokens", "type": "BadRequestError", "code": 400}',
];
const request = { model: 'm', messages: [{ role: 'user' as const, content: 'ask' }], max_tokens: 64, seed: 1 };
const worst = { tokens: 500, nanoUsd: 500_000 };
const context = { endpoint: 'http://teacher', keyName: 'KEY', nowMs: 0, redact: (text: string) => text };

const pairs = linesOf('test/data/more-answer-pairs.jsonl').map((line) => JSON.parse(line) as { answer?: unknown });
const answers = pairs.flatMap(({ answer }) => (typeof answer === 'string' ? [answer] : []));
const own = { kind: 'jsonl', train: 'a', test: 'b' };
const tasks = [
  ...[{ kind: 'operator-chains' }, { kind: 'gsm8k' }, { kind: 'math' }, { kind: 'game24' }],
  { kind: 'prontoqa', check: 'proof' },
  ...['number', 'exact', 'choice', 'math'].map((check) => ({ ...own, check })),
];
const references: Readonly<Record<string, readonly [question: string, answer: string]>> = {
  'operator-chains': ['3+4*7=', '7*7=9'],
  game24: ['4 9 10 13', '(10 - 4) * (13 - 9)'],
  prontoqa: ['Sam is a cat. Every cat is red. True or false: Sam is red.', 'True'],
};

const readers: readonly Reader[] = [
  {
    name: 'replies',
    texts: replies,
    read: (text) => {
      const reply = readReply(text, request);
      const { inputTokens, outputTokens } =
        reply === null ? { inputTokens: 0, outputTokens: 0 } : bookedUsage(reply.usage, worst, request.max_tokens);
      if (![inputTokens, outputTokens].every((count) => Number.isSafeInteger(count) && count >= 0)) {
        throw new Error(`a usage that cannot be booked: ${inputTokens}, ${outputTokens}`);
      }
      readText(text);
      readText(text, 'keep');
    },
  },
  { name: 'error bodies', texts: replies, read: (text) => void classifyErrorBody(text, context) },
  {
    name: 'marks of a judge',
    texts: ['8 6\nBoth are right.', '{"score": 7}', 'Rating: [[5]]', '9/10 and 3/10', '10 10'],
    read: (text) => {
      const marks = readMarks('alone', text);
      for (const mark of marks === null ? [] : Object.values(marks)) {
        if (typeof mark === 'number' && !(mark >= 1 && mark <= 10)) {
          throw new Error(`a mark out of range: ${mark}`);
        }
      }
    },
  },
  {
    name: 'configurations',
    texts: ['quickstart.yaml', 'paper-small/grid.yaml'].map((name) => readFileSync(join(root, 'config', name), 'utf8')),
    read: (text) => void parseConfigFile({ text, file: 'a.yaml', sets: [] }),
  },
  {
    name: 'lines of data',
    texts: pairs.map((pair) => JSON.stringify(pair)),
    read: (text) => {
      try {
        isRecord(parseJson(text));
      } catch (error) {
        if (!(error instanceof SyntaxError)) {
          throw error;
        }
        jsonProblem(text, error);
      }
    },
  },
  ...tasks.map((options): Reader => {
    const task = taskOf(taskSchema.parse(options));
    const [question, reference] = references[options.kind] ?? ['How many are there?', 'There are 5.\n#### 5'];
    const name = 'check' in options ? `${options.kind}, ${options.check}` : options.kind;
    return {
      name: `answers of ${name}`,
      texts: answers,
      read: (text) => {
        const verdict = task.check(question, reference, text);
        if (verdict.correct && !verdict.answered) {
          throw new Error('right without an answer');
        }
        task.parseAnswer(text, question);
        const read = task.parseQuestion(text);
        if (read.ok) {
          task.canonical(read.value);
        }
      },
    };
  }),
];

function optionOf(name: string, otherwise: number): number {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

function main(): void {
  const cases = optionOf('--cases', 1_000_000);
  const seed = optionOf('--seed', 1);
  let failures = 0;
  for (const { name, texts, read } of readers) {
    const stream = randomStream('fuzz', name, seed);
    const own = Math.ceil(cases / readers.length);
    const begun = process.cpuUsage();
    let slowestMs = 0;
    for (let index = 0; index < own; index += 1) {
      const text = mutated(stream, stream.pick(texts), texts);
      const before = process.cpuUsage();
      try {
        read(text);
      } catch (error) {
        failures += 1;
        process.stdout.write(`${name}, case ${index}: ${String(error)}\n  ${JSON.stringify(text.slice(0, 500))}\n`);
      }
      const ms = process.cpuUsage(before).user / 1000;
      slowestMs = Math.max(slowestMs, ms);
      if (ms > MS_MAX) {
        failures += 1;
        process.stdout.write(`${name}, case ${index}: ${ms.toFixed(0)} ms\n  ${JSON.stringify(text.slice(0, 500))}\n`);
      }
    }
    const seconds = (process.cpuUsage(begun).user / 1e6).toFixed(0);
    process.stdout.write(
      `${name}: ${own.toLocaleString('en-US')} cases, ${seconds} s, slowest ${slowestMs.toFixed(0)} ms\n`,
    );
  }
  process.stdout.write(`${failures} failures\n`);
  process.exitCode = failures === 0 ? 0 : 1;
}

main();
