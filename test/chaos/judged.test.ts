import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson } from '../../src/core/canonical-json';
import { stableHash } from '../../src/core/random';
import type { RunRecord } from '../../src/core/run-record';
import { completeOffline, type OfflineRequest } from '../../src/teacher/offline/server';
import { folderWith, runCli, startCli } from '../support/cli';
import { mostCommitted, readCalls } from '../support/ledger-history';
import { expectNothingLeftOf } from '../support/processes';

jest.setTimeout(600_000);

const dieAt = join(__dirname, '..', 'support', 'die-at.cjs');
const caps = { samples: 12, tokens: 200_000, usd: 0.2 };
const environment = { TEST_KEY: 'any-key-at-all' };

let server: Server;
let baseUrl: string;
/** What arrived, by request: the endpoint's own memory, which no kill touches. */
let received: Map<string, number>;

beforeEach(async () => {
  received = new Map();
  server = createServer(async (incoming, response) => {
    let text = '';
    for await (const part of incoming) {
      text += part;
    }
    const body = JSON.parse(text) as OfflineRequest;
    const request = canonicalJson(body);
    received.set(request, (received.get(request) ?? 0) + 1);
    await sleep(60);
    response.end(JSON.stringify(completeOffline(body) ?? written(body, stableHash(request))));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** A teacher of support replies: new questions, and an answer to each. */
function written({ model, messages }: OfflineRequest, number: number): object {
  const isQuestion = messages.some(({ content }) => content.includes('Write one new question'));
  const content = isQuestion
    ? `Where is parcel ${number} of customer ${number % 977}?`
    : `It is in box ${number % 40}.\n#### box`;
  return {
    ...{ id: 'chatcmpl-test', object: 'chat.completion', created: 0, model },
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 },
  };
}

const config = () => `
name: judged
task: {kind: jsonl, train: train.jsonl, test: test.jsonl, check: judge, judge: {rubric: It says where the order is., scale: 1-10}}
teacher: {provider: openai, model: writer, base_url: "${baseUrl}", api_key_env: TEST_KEY, max_tokens: 64, price: {input: 1, output: 2}, max_parallel_requests: 3}
judge: {model: fair, price: {input: 1, output: 2}, max_tokens: 64}
student:
  base: tiny
  warm_up: {rows: 20, steps: 20}
  max_new_tokens: 12
  finetune: {method: full, epochs: 1, batch_size: 16, learning_rate: 3e-3}
strategy: random
hygiene: {near: 1}
iterations: 1
samples_per_iteration: 12
budget: ${JSON.stringify(caps)}
seed: 1
`;

async function folder() {
  const made = await folderWith(config());
  const rows = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) =>
      JSON.stringify({ question: `Where is order ${from + index}?`, answer: `It is in box ${(from + index) % 9}.` }),
    ).join('\n');
  writeFileSync(join(dirname(made.file), 'train.jsonl'), rows(0, 30));
  writeFileSync(join(dirname(made.file), 'test.jsonl'), rows(100, 140));
  return { ...made, environment };
}

const recordOf = (workspace: string) =>
  JSON.parse(readFileSync(join(workspace, 'runs', 'judged', 'run.json'), 'utf8')) as RunRecord;

it('a judged run that is killed in the middle of its evaluations grades nothing twice and keeps its caps', async () => {
  const killed = await folder();
  for (const _ of [1, 2]) {
    const attempt = startCli(['run', killed.file], {
      ...killed,
      preload: [dieAt],
      environment: { ...environment, DIE_AT: 'gradeAnswers:during', DIE_AFTER_MS: '250' },
    });
    expect((await attempt.ended).signal).toBe('SIGKILL');
    await expectNothingLeftOf(killed.workspace);
  }
  expect(await runCli(['run', killed.file], killed)).toMatchObject({ exitCode: 0 });

  const ledger = join(killed.workspace, 'ledger.db');
  const calls = readCalls(ledger);
  const settled = calls.filter(({ purpose, state }) => purpose === 'verdict' && state === 'settled');
  const lost = calls.filter(({ state }) => state === 'unknown');
  // Every arrival is a call that was settled, or one that a kill took the reply of.
  const arrivals = [...received.values()].reduce((sum, count) => sum + count, 0);
  const bought = calls.filter(({ state, shared_from }) => state === 'settled' && shared_from === null);
  expect(settled.length).toBeGreaterThan(40);
  expect(new Set(settled.map(({ request_hash }) => request_hash)).size).toBe(settled.length);
  expect(arrivals).toBeLessThanOrEqual(bought.length + lost.length);
  const most = mostCommitted(calls);
  expect(most.tokens).toBeLessThanOrEqual(caps.tokens);
  expect(most.nanoUsd).toBeLessThanOrEqual(caps.usd * 1e9);

  const uninterrupted = await folder();
  expect(await runCli(['run', uninterrupted.file], uninterrupted)).toMatchObject({ exitCode: 0 });
  const [once, again] = [recordOf(uninterrupted.workspace), recordOf(killed.workspace)];
  expect(again.baseEvaluation).toEqual(once.baseEvaluation);
  expect(again.iterations.map(({ evaluation }) => evaluation)).toEqual(
    once.iterations.map(({ evaluation }) => evaluation),
  );
  expect(once.baseEvaluation.overall.scoreSum).toBeGreaterThan(0);

  expect(await runCli(['audit', 'judged'], killed)).toMatchObject({ exitCode: 0 });
});

it('a cap that leaves answers ungraded is kept: they are unmeasured, not wrong', async () => {
  const made = await folder();
  const result = await runCli(['run', made.file, '--set', 'budget={tokens: 6000}'], made);
  expect(result.exitCode).toBe(0);
  const { overall } = recordOf(made.workspace).baseEvaluation;
  expect(overall.unmeasured).toBeGreaterThan(0);
  expect(overall.unmeasured).toBeLessThan(40);
  expect(mostCommitted(readCalls(join(made.workspace, 'ledger.db'))).tokens).toBeLessThanOrEqual(6000);
});
