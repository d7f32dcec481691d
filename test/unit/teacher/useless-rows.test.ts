import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { KnownQuestions } from '../../../src/core/hygiene/known-questions';
import { questionScreen } from '../../../src/core/hygiene/question-screen';
import { RowFilter } from '../../../src/core/hygiene/row-filter';
import { acceptRejections, UselessRowCount, uselessRows } from '../../../src/core/hygiene/useless-rows';
import { type Ledger, openLedger } from '../../../src/store/ledger';
import type { BoughtRow } from '../../../src/teacher';
import { buyWith, taskWithoutRepeats } from '../../support/buying';
import { type MisbehavingTeacher, type Misbehaviour, startMisbehavingTeacher } from '../../support/misbehaving-teacher';

let directory: string;
let ledger: Ledger;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tutelage-useless-'));
  ledger = await openLedger(join(directory, 'ledger.db'));
});
afterEach(async () => {
  expect(await ledger.recount()).toEqual([]);
  await ledger.close();
  await rm(directory, { recursive: true });
});

async function withTeacher<T>(
  misbehaviour: Misbehaviour,
  work: (teacher: MisbehavingTeacher) => Promise<T>,
): Promise<T> {
  const teacher = await startMisbehavingTeacher(misbehaviour);
  try {
    return await work(teacher);
  } finally {
    await teacher.close();
  }
}

const statesOf = async () => (await ledger.callCounts({ kind: 'run', name: 'run' })).states;
const from = ({ baseUrl }: MisbehavingTeacher, to: number) => ({
  ledger: '',
  baseUrl,
  run: 'run',
  to,
  parallel: 8,
  withoutRepeats: true,
});

describe('replies that are paid for and useless', () => {
  const useless: Misbehaviour = { delayMs: 5, faults: [{ kind: 'truncate', times: 9999 }] };

  it('stop the purchase after the first rows, with the reason', async () =>
    withTeacher(useless, async (teacher) => {
      const buying = buyWith(ledger, { ...from(teacher, 300), batch: 300 }, undefined, { stopsWhenUseless: true });
      await expect(buying).rejects.toMatchObject({
        kind: 'useless-rows',
        message:
          '20 of the first 20 rows were bought and rejected for one reason (question: cut off at teacher.max_tokens)',
      });
      // The first twenty, and those that were sent until the twentieth was stored.
      expect(teacher.received).toBeLessThanOrEqual(100);
      expect((await statesOf()).reserved).toBe(0);
    }));

  it('are bought to the end where a person has said so', async () =>
    withTeacher(useless, async (teacher) => {
      const rows = await buyWith(ledger, from(teacher, 40));
      expect(rows.filter(({ state }) => state === 'rejected')).toHaveLength(40);
    }));

  it('are not those of a teacher of whom half can be used', async () =>
    withTeacher({ faults: [{ kind: 'truncate', share: 0.3, times: 9999 }] }, async (teacher) => {
      const rows = await buyWith(ledger, { ...from(teacher, 60), batch: 60 }, undefined, { stopsWhenUseless: true });
      expect(new Set(rows.map(({ state }) => state))).toEqual(new Set(['answered', 'rejected']));
    }));
});

describe('what a person has accepted once', () => {
  const accepted = acceptRejections({}, { reason: 'question: cut off', rejected: 16, bought: 20 });
  const check = (cutOff: number, other = 0) =>
    uselessRows({ 'question: cut off': cutOff, 'answer: empty': other }, 20, 300, accepted)?.reason ?? null;

  it('does not stop the run again unless it gets worse, and nothing else is accepted with it', () => {
    expect(check(18)).toBeNull();
    expect(check(19)).toBe('question: cut off');
    expect(check(0, 15)).toBe('answer: empty');
  });
});

describe('most of the first rows are useless', () => {
  const check = (reasons: Record<string, number>, bought: number, wanted: number) =>
    uselessRows(reasons, bought, wanted) !== null;

  it('once twenty were bought and three quarters were rejected for one reason', () => {
    expect(check({ 'question: cut off': 15 }, 20, 300)).toBe(true);
    expect(check({ 'question: cut off': 14 }, 20, 300)).toBe(false);
    expect(check({ 'question: cut off': 19 }, 19, 300)).toBe(false);
  });

  it('or all rows of a smaller round, if they are at least five', () => {
    expect(check({ 'leak: the same as test question …': 6 }, 6, 6)).toBe(true);
    expect(check({ 'leak: the same as test question …': 4 }, 4, 4)).toBe(false);
  });

  it('but not where there are several reasons, or where no reply came and nothing was paid', () => {
    expect(check({ 'question: cut off': 10, 'answer: the reply has no text': 10 }, 20, 300)).toBe(false);
    expect(check({ 'call: 503': 20 }, 20, 300)).toBe(false);
    expect(check({}, 20, 300)).toBe(false);
  });
});

describe('rows that come back in any order', () => {
  const rejection = { stage: 'question', reason: 'cut off' } as const;

  /** Of 50 rows, so many are rejected at once; the answers to the others are still out. */
  const firstBack = (rejectedIndices: readonly number[]) => {
    const count = new UselessRowCount(50);
    return rejectedIndices.map((index) => count.see(index, rejection)).find((useless) => useless !== null) ?? null;
  };

  it('are not called useless because the rejected ones come back first', () => {
    const twoOfFive = Array.from({ length: 50 }, (_, index) => index).filter((index) => index % 5 < 2);
    expect(twoOfFive).toHaveLength(20);
    expect(firstBack(twoOfFive)).toBeNull();
  });

  it('are called useless although one of the first never comes back', () => {
    expect(firstBack(Array.from({ length: 20 }, (_, index) => index + 1))).toMatchObject({
      rejected: 15 + 4,
      bought: 20,
    });
  });

  it('are judged alike whatever came first', () => {
    const indices = Array.from({ length: 30 }, (_, index) => index);
    const rejected = fc.subarray(indices, { minLength: 10 });
    const arrivals = rejected.chain((inOrder) =>
      fc.tuple(fc.constant(inOrder), fc.shuffledSubarray(inOrder, { minLength: inOrder.length })),
    );
    fc.assert(
      fc.property(arrivals, ([inOrder, shuffled]) => {
        expect(firstBack(shuffled) === null).toBe(firstBack(inOrder) === null);
      }),
    );
  });
});

describe('a question that cannot be kept', () => {
  // Of the task itself all questions are known before.
  const task = { ...taskWithoutRepeats, novelty: 'exact' as const };
  const hygiene = { near: 0.8, duplicates: 'reject', verify: 'none' } as const;

  /** Of the questions that the teacher will write, every third stands in a test set and every fifth in the pool. */
  function knownAmong(rows: readonly BoughtRow[]) {
    const questions = rows.flatMap((row) => (row.state === 'answered' ? [row.question] : []));
    const some = (origin: 'test' | 'pool', nth: number) =>
      questions
        .filter((_, index) => index % nth === 0)
        .map((question, index) => ({ origin, id: `${origin}-${index}`, question }));
    return () => new KnownQuestions(task, hygiene, [...some('test', 3), ...some('pool', 5)]);
  }

  /** What a run keeps of the rows, in rank order. */
  function kept(rows: readonly BoughtRow[], known: KnownQuestions) {
    const filter = new RowFilter(task, hygiene, known);
    return rows.flatMap((row) =>
      row.state === 'answered' && filter.reject({ ...row, id: row.row }) === null ? [[row.rank, row.question]] : [],
    );
  }

  it('gets no answer, and the rows that are kept are the same', async () =>
    withTeacher({}, async (teacher) => {
      const unscreened = await buyWith(ledger, { ...from(teacher, 100), run: 'unscreened' });
      const known = knownAmong(unscreened);
      const screened = await buyWith(ledger, from(teacher, 100), undefined, {
        screen: questionScreen([known()], hygiene),
      });
      expect(kept(screened, known())).toEqual(kept(unscreened, known()));
      expect(kept(screened, known()).length).toBeGreaterThan(0);
      const rejected = screened.filter((row) => row.state === 'rejected');
      expect(new Set(rejected.map(({ stage }) => stage))).toEqual(new Set(['leak', 'duplicate']));
      expect(rejected.every(({ answerRequest }) => answerRequest === null)).toBe(true);
    }));

  it('costs its question alone, also when the purchase is repeated', async () =>
    withTeacher({}, async (teacher) => {
      const known = knownAmong(await buyWith(ledger, { ...from(teacher, 100), run: 'unscreened' }));
      const screen = questionScreen([known()], hygiene);
      const first = await buyWith(ledger, from(teacher, 100), undefined, { screen });
      const answered = first.filter(({ state }) => state === 'answered').length;
      expect(answered).toBeLessThan(70);
      expect((await statesOf()).settled).toBe(100 + answered);
      expect((await ledger.spendOf('run')).samples).toBe(answered);
      const received = teacher.received;
      expect(await buyWith(ledger, from(teacher, 100), undefined, { screen })).toEqual(first);
      expect(teacher.received).toBe(received);
      expect((await statesOf()).settled).toBe(100 + answered);
    }));
});
