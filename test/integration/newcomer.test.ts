import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonEvents } from '../../src/cli/json-events';
import { runCli } from '../support/cli';
import { expectNothingLeftOf } from '../support/processes';

jest.setTimeout(240_000);

const key = 'sk-newcomer-key-that-must-not-be-written';

describe("a newcomer's way: init, validate, preview, run", () => {
  let folder: string;
  let file: string;
  let init: Awaited<ReturnType<typeof tutelage>>;
  let teacher: Awaited<ReturnType<typeof startTeacher>>;

  /** The written file as it is, but for a teacher on this machine and a student that needs no download. */
  const tutelage = (args: readonly string[], environment: Record<string, string> = { OPENAI_API_KEY: key }) =>
    runCli(args, { workspace: join(folder, 'workspace'), environment });
  const here = () => ['--set', `teacher.base_url=${teacher.baseUrl}`];
  const tiny = [
    'student={base: tiny, warm_up: {rows: 20, steps: 5}, max_new_tokens: 8}',
    'strategy=random',
    'iterations=2',
  ];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tutelage-newcomer-'));
    file = join(folder, 'own', 'my-run.yaml');
    init = await tutelage(['init', join(folder, 'own')]);
    const words = [...new Set((await readFile(join(folder, 'own', 'seeds.jsonl'), 'utf8')).match(/\b[a-z]{3,}\b/g))];
    teacher = await startTeacher(words);
  });
  afterAll(() => teacher.close());

  it('begins with files that are valid, and each command says the next', async () => {
    expect(init).toMatchObject({ exitCode: 0, stderr: expect.stringContaining(`next: tutelage validate ${file}`) });
    const validate = await tutelage(['validate', file], { OPENAI_API_KEY: '' });
    expect(validate.exitCode).toBe(0);
    expect(validate.stderr).toContain('need OPENAI_API_KEY in the environment');
    expect(validate.stderr).toContain(`next: tutelage preview ${file}`);
  });

  it('is told by the doctor what is missing', async () => {
    const doctor = await tutelage(['doctor', file, '--json'], { OPENAI_API_KEY: '', HF_TOKEN: key });
    const checks = doctor.stdout
      .trim()
      .split('\n')
      .map((line) => jsonEvents.checked.parse(JSON.parse(line)));
    expect(checks.length).toBeGreaterThan(9);
    expect(checks.filter(({ ok }) => !ok)).toEqual([
      expect.objectContaining({ check: 'credentials', fix: 'export OPENAI_API_KEY=...' }),
    ]);
    expect(doctor.exitCode).toBe(4);
    expect(doctor.stdout).not.toContain(key);
  });

  it.each(['preview', 'run'])('%s without the key says which, and starts nothing', async (verb) => {
    const receivedBefore = teacher.received();
    const { exitCode, stderr } = await tutelage([verb, file, ...here()], { OPENAI_API_KEY: '' });
    expect({ exitCode, stderr }).toEqual({ exitCode: 4, stderr: expect.stringContaining('export OPENAI_API_KEY=') });
    expect(teacher.received()).toBe(receivedBefore);
  });

  it('previews real rows with verdicts and prices; again it pays nothing; the run reuses them, and the audit holds', async () => {
    const preview = ['preview', file, '-n', '5', ...here(), '--json'];
    const first = await tutelage(preview);
    expect(first.exitCode).toBe(0);
    const lines = first.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const rows = lines.slice(0, -1).map((line) => jsonEvents.previewed.parse(line));
    const projected = jsonEvents.projected.parse(lines.at(-1));
    expect(rows).toHaveLength(5);
    const paid = rows.reduce((sum, { usd }) => sum + (usd ?? 0), 0);
    expect(projected).toMatchObject({ rows: 30, previewed: 5, accepted: 4, paidUsd: expect.closeTo(paid, 9) });
    expect(projected.paidUsd).toBeLessThanOrEqual(projected.paidUsdMax ?? 0);
    expect(rows.filter(({ rejected }) => rejected !== null)).toEqual([
      expect.objectContaining({
        rejected: { stage: 'answer', reason: expect.stringContaining('no answer') },
        calls: 2,
      }),
    ]);
    expect(teacher.received()).toBe(10);

    const again = JSON.parse((await tutelage(preview)).stdout.trim().split('\n').at(-1) ?? '');
    expect(again).toEqual({ ...projected, paidUsd: 0 });
    expect(teacher.received()).toBe(10);

    const run = await tutelage(['run', file, ...here(), ...tiny.flatMap((value) => ['--set', value])]);
    expect(run).toMatchObject({ exitCode: 0 });
    await expectNothingLeftOf(join(folder, 'workspace'));
    const results = JSON.parse(await readFile(join(folder, 'workspace', 'runs', 'my-run', 'results.json'), 'utf8'));
    expect(results).toMatchObject({ state: 'complete', spend: { samples: 20 } });
    const asked = results.iterations.reduce((sum: number, iteration: { asked: number }) => sum + iteration.asked, 0);
    expect(teacher.received()).toBe(2 * asked);
    expect(teacher.requests()).toBe(2 * asked);
    expect(await tutelage(['audit', 'my-run'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('everything holds'),
    });
  });
});

/** Answers each request in its own words; one question in some ten has no readable answer. */
async function startTeacher(words: readonly string[]) {
  const seen = new Map<string, number>();
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
      chunks.push(chunk as Buffer);
    }
    const body = Buffer.concat(chunks).toString();
    seen.set(body, (seen.get(body) ?? 0) + 1);
    const { messages, model } = JSON.parse(body);
    const bytes = createHash('sha256').update(body).digest();
    const said = [...bytes.subarray(0, 14)].map((byte) => words[byte % words.length]).join(' ');
    const isQuestion = messages[0].content.startsWith('This is a question.');
    const content = isQuestion
      ? `How many ${said}?`
      : (bytes[0] as number) % 7 === 0
        ? 'no'
        : `It is so.\n#### ${(bytes[0] as number) % 100}`;
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        ...{ id: 'c', object: 'chat.completion', created: 1, model },
        choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 60, completion_tokens: 20 + content.length, total_tokens: 80 + content.length },
      }),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    received: () => [...seen.values()].reduce((sum, count) => sum + count, 0),
    requests: () => seen.size,
    close: () => server.close(),
  };
}
