import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TeacherConfig } from '../../../src/core/config/schema';
import type { Grade, Seed } from '../../../src/core/records';
import { type GradeKind, readGradeRequest } from '../../../src/core/strategies';
import { type Ledger, openLedger } from '../../../src/store/ledger';
import { createJudge } from '../../../src/teacher';

/** What the judge says of a question's answers, the n-th time it is asked the same (from 0). */
type Referee = (answers: readonly string[], asked: number) => string;

const seedOf = (index: number): Seed => ({
  id: `s${index}`,
  question: `q${index}`,
  answer: `right ${index}`,
  stratum: 'all',
});

let directory: string;
let ledger: Ledger;
let server: Server;
let received: number;
let referee: Referee;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tutelage-grades-'));
  ledger = await openLedger(join(directory, 'ledger.db'));
  received = 0;
  const times = new Map<string, number>();
  server = createServer(async (request, response) => {
    received += 1;
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
      chunks.push(chunk as Buffer);
    }
    const { messages } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    const text = messages[1].content as string;
    const asked = times.get(text) ?? 0;
    times.set(text, asked + 1);
    const content = referee(readGradeRequest(messages)?.answers ?? [], asked);
    response.end(JSON.stringify(completion(content)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  expect(await ledger.recount()).toEqual([]);
  await ledger.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true });
});

describe('grades', () => {
  test('of a judge are those it gives; a reply that cannot be read is asked for again, then left without a number', async () => {
    const replies: Record<string, readonly string[]> = {
      fine: ['Well.\nGrade: 9'],
      'second try': ['I will not say.', 'Grade: 4'],
      'third try': ['Grade: 0', 'Grade: 11', 'Poor.\nGrade: 2'],
      hopeless: ['no', 'Grade: ?', '', 'Grade: 5'],
    };
    referee = ([answer = ''], asked) => replies[answer]?.[asked] ?? '';
    const grades = await gradesOf('judge', Object.keys(replies));
    expect(grades.map(({ state, student }) => [state, student])).toEqual([
      ['graded', 9],
      ['graded', 4],
      ['graded', 2],
      ['ungraded', null],
    ]);
    expect(grades.map(({ requests }) => requests.length)).toEqual([1, 2, 3, 3]);
    expect(received).toBe(9);
    expect(await ledger.spendOf('run')).toMatchObject({ samples: 0, unknownCalls: 0 });
  });

  test('of Lion are means over both orders, whatever a referee that favours the first place says', async () => {
    referee = ([first = '']) => (first.startsWith('right') ? 'Scores: 10 5' : 'Scores: 7 8');
    const [grade] = await gradesOf('lion', ['wrong']);
    expect(grade).toMatchObject({ state: 'graded', student: 6, reference: 9 });
    expect(received).toBe(2);
  });

  test('of Lion are none where one order cannot be read: half a comparison is no score', async () => {
    referee = ([first = '']) => (first.startsWith('right') ? 'Scores: 10 5' : 'Both are bad.');
    const [grade] = await gradesOf('lion', ['wrong']);
    expect(grade).toMatchObject({ state: 'ungraded', student: null, reference: null });
    expect(grade?.requests).toHaveLength(4);
  });

  test('without a reference are incomparable, and nothing is asked', async () => {
    referee = () => 'Scores: 5 5';
    const [grade] = await gradesOf('lion', ['wrong'], { seeds: [{ ...seedOf(0), answer: null }] });
    expect(grade).toMatchObject({ state: 'incomparable', student: null, requests: [] });
    expect(received).toBe(0);
  });

  test('of equal answers to equal questions are bought once, also in a later step and in another run', async () => {
    referee = () => 'Grade: 6';
    const seeds = [0, 1, 2].map((index) => ({ ...seedOf(index), question: 'the same' }));
    const first = await gradesOf('judge', ['a', 'a', 'b'], { seeds });
    expect(first.map(({ student }) => student)).toEqual([6, 6, 6]);
    expect(received).toBe(2);
    const before = await ledger.spendOf('run');
    expect(await gradesOf('judge', ['a', 'a', 'b'], { seeds })).toEqual(first);
    expect(await ledger.spendOf('run')).toEqual(before);
    expect(await gradesOf('judge', ['a', 'a', 'b'], { seeds, run: 'another' })).toEqual(first);
    expect(await ledger.spendOf('another')).toEqual(before);
    expect(received).toBe(2);
  });

  test('that a cap leaves out are refused, the last in order first, and the cap holds', async () => {
    referee = () => 'Grade: 6';
    const answers = Array.from({ length: 12 }, (_, index) => `answer ${index}`);
    const grades = await gradesOf('judge', answers, { tokens: 2500 });
    const states = grades.map(({ state }) => state);
    expect(new Set(states)).toEqual(new Set(['graded', 'overBudget']));
    expect(states.lastIndexOf('graded')).toBeLessThan(states.indexOf('overBudget'));
    const { committed } = await ledger.account({ kind: 'run', name: 'run' });
    expect(committed.tokens).toBeLessThanOrEqual(2500);
    // Raising the cap resumes where it stopped, with the same grades.
    await ledger.setCaps({ kind: 'run', name: 'run' }, { samples: null, tokens: null, nanoUsd: null }, 'test');
    const all = await gradesOf('judge', answers, { tokens: 2500 });
    expect(all.every(({ state }) => state === 'graded')).toBe(true);
    expect(received).toBe(12);
  });
});

async function gradesOf(
  kind: GradeKind,
  answers: readonly string[],
  { seeds = answers.map((_, index) => seedOf(index)), run = 'run', tokens }: Partial<Options> = {},
): Promise<Grade[]> {
  const account = { run, experiment: null };
  await ledger.openAccount({ ...account, budget: tokens === undefined ? {} : { tokens } });
  const config = {
    ...{ provider: 'openai', model: 'referee', api_key_env: 'KEY', temperature: 0.2, max_tokens: 512 },
    ...{ price: { input: 1, output: 2 }, max_parallel_requests: 4, timeout_seconds: 5 },
    base_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
  } as TeacherConfig;
  const judge = createJudge({ config, ledger, environment: { KEY: 'any' } });
  return judge.buyGrades({
    ...{ account, kind, runSeed: 1, signal: new AbortController().signal },
    answers: answers.map((answer, index) => ({ seed: seeds[index] as Seed, answer })),
  });
}

interface Options {
  readonly seeds: readonly Seed[];
  readonly run: string;
  readonly tokens: number;
}

const completion = (content: string) => ({
  choices: [{ message: { role: 'assistant', content }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 200, completion_tokens: 40 },
});
