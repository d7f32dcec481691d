import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname, join } from 'node:path';
import type { RunRecord } from '../../src/core/run-record';
import { folderWith, runCli } from '../support/cli';
import { type PublishedForm, publishedForms } from '../support/published-forms';

jest.setTimeout(600_000);

const ROWS = 2;

/** A teacher that knows the forms: a new question where one is asked for, and its answer. */
function teacher(): Server {
  let asked = 10;
  const replyTo = (messages: readonly { role: string; content: string }[]): string => {
    const text = messages.map(({ content }) => content).join('\n');
    const about = /FORM (\d+)/.exec(text)?.[1];
    const form = publishedForms[Number(about)];
    if (form === undefined) {
      return 'no';
    }
    asked += 1;
    return text.includes('QUESTION') ? form.teacher.question(asked) : form.teacher.answer;
  };
  return createServer(async (request, response) => {
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
}

/** Grades whatever it is asked as right, and notes it; over the second answer without a reference it crashes. */
const CHECK = `
const fs = require('fs');
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, reference } = JSON.parse(line);
  if (reference === null) {
    fs.appendFileSync('verified.txt', 'x');
    if (fs.readFileSync('verified.txt', 'utf8').length === 2) process.exit(3);
  }
  console.log(JSON.stringify({ id, correct: true }));
});`;

const taskOf = (form: PublishedForm) => ({
  kind: 'jsonl',
  train: form.file,
  test: { share: 0.5 },
  ...form.options,
  prompts: { system: `FORM ${publishedForms.indexOf(form)}`, question: 'QUESTION {question}', answer: 'A: {question}' },
});

/** The student learns next to nothing here: what is tested is that each form goes all the way. */
const config = (baseUrl: string, tasks: readonly object[], more: string) => `
name: forms
student:
  base: tiny
  warm_up: {rows: 2, steps: 1}
  max_new_tokens: 8
  finetune: {method: full, epochs: 1, batch_size: 8, learning_rate: 3e-3}
teacher: {provider: openai, model: double, base_url: "${baseUrl}", max_parallel_requests: 1}
strategy: random
iterations: 1
samples_per_iteration: ${ROWS}
task: ${JSON.stringify(tasks[0])}
${more}
`;

let server: Server;
let baseUrl: string;
beforeAll(async () => {
  server = teacher();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
afterAll(() => server.close());

/** A folder with the files of the forms, and a configuration that uses them. */
async function prepared(forms: readonly PublishedForm[], more: string) {
  const folder = await folderWith('');
  const root = dirname(folder.file);
  await writeFile(folder.file, config(baseUrl, forms.map(taskOf), more));
  await writeFile(join(root, 'check.js'), CHECK);
  await Promise.all(forms.map(({ file, content }) => writeFile(join(root, file), content)));
  return { ...folder, root, environment: { OPENAI_API_KEY: 'none' } };
}

async function recordsOf(experiment: string): Promise<RunRecord[]> {
  const runs = await readdir(experiment, { withFileTypes: true });
  const folders = runs.filter((entry) => entry.isDirectory() && entry.name !== 'history');
  return Promise.all(
    folders.map(async ({ name }) => JSON.parse(await readFile(join(experiment, name, 'run.json'), 'utf8'))),
  );
}

it('validate shows a seed of each published form, and each runs an iteration end to end', async () => {
  const matrix = `hygiene: {near: 1}\nmatrix: {task: ${JSON.stringify(publishedForms.map(taskOf))}}`;
  const { file, workspace, environment } = await prepared(publishedForms, matrix);
  const options = { workspace, environment };
  const validated = await runCli(['validate', file, '--json'], options);
  expect(validated.exitCode === 0 ? '' : validated.stderr).toBe('');
  const shown: { firstSeed: { studentPrompt: string | { content: string }[] } }[] = JSON.parse(validated.stdout).data;
  const prompts = shown.map(({ firstSeed: { studentPrompt } }) =>
    (typeof studentPrompt === 'string' ? studentPrompt : (studentPrompt.at(-1)?.content ?? '')).trim(),
  );
  const expected = publishedForms.map(({ teacher: { question } }) => question(0).replace(/\d+/g, 'N'));
  expect(prompts.map((prompt) => prompt.replace(/(?<=\w)\d+|\d+/g, 'N'))).toEqual(expected);

  const result = await runCli(['run', file], options);
  expect(result.exitCode === 0 ? '' : result.stderr.slice(-2000)).toBe('');
  const records = await recordsOf(join(workspace, 'runs', 'forms'));
  const found = records.map(({ config: { task }, state, iterations }) => {
    const { total = 0, unmeasured = 0 } = iterations[0]?.evaluation.overall ?? {};
    const file = 'train' in task ? basename(String(task.train)) : task.kind;
    return [file, state, iterations[0]?.funnel?.accepted, total > 0 && unmeasured === 0];
  });
  expect(found.toSorted()).toEqual(publishedForms.map(({ file }) => [file, 'complete', ROWS, true]).toSorted());
});

it("a program verifies each new row once: one that it crashes on is replaced, and the audit reads the run's own record", async () => {
  const code = publishedForms.filter(({ options }) => options.check === 'command');
  const { file, workspace, root, environment } = await prepared(code, 'hygiene: {near: 1, verify: checker}');
  const options = { workspace, environment };
  const result = await runCli(['run', file], options);
  expect(result.exitCode === 0 ? '' : result.stderr.slice(-2000)).toBe('');
  const record: RunRecord = JSON.parse(await readFile(join(workspace, 'runs', 'forms', 'run.json'), 'utf8'));
  expect(record.iterations[0]?.reasons).toEqual({ 'verify: the program of task.command ended with status …': 1 });
  expect(record.iterations[0]?.funnel).toMatchObject({ answered: ROWS + 1, verified: ROWS, accepted: ROWS });

  const audited = await runCli(['audit', 'forms'], options);
  expect(audited.exitCode === 0 ? '' : audited.stdout + audited.stderr).toBe('');
  expect(await runCli(['run', file], options)).toMatchObject({ exitCode: 0 });
  expect(await readFile(join(root, 'verified.txt'), 'utf8')).toBe('x'.repeat(ROWS + 1));
});
