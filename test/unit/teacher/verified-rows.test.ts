import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KnownQuestions } from '../../../src/core/hygiene/known-questions';
import { RowFilter } from '../../../src/core/hygiene/row-filter';
import type { AnswerGrade } from '../../../src/core/records';
import { type Ledger, openLedger } from '../../../src/store/ledger';
import type { BoughtRow } from '../../../src/teacher';
import { buyWith, taskWithoutRepeats as task } from '../../support/buying';
import { startMisbehavingTeacher } from '../../support/misbehaving-teacher';

/** Rows that a program of the user verifies while they are bought. */
let directory: string;
let ledger: Ledger;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tutelage-verified-'));
  ledger = await openLedger(join(directory, 'ledger.db'));
});
afterEach(async () => {
  expect(await ledger.recount()).toEqual([]);
  await ledger.close();
  await rm(directory, { recursive: true });
});

const right: AnswerGrade = { state: 'graded', mark: 1 };
const wrong: AnswerGrade = { state: 'graded', mark: 0, reason: 'AssertionError of row 7' };
const crashed: AnswerGrade = {
  state: 'ungraded',
  mark: null,
  reason: 'the program of task.command ended with status 3: Traceback',
};

/** Buys rows of which the program says `grades[n % grades.length]` of the nth it is asked about. */
async function buy(grades: readonly AnswerGrade[], rows: number, stopsWhenUseless = false): Promise<BoughtRow[]> {
  const teacher = await startMisbehavingTeacher({});
  let asked = 0;
  const verify = async () => {
    asked += 1;
    return grades[(asked - 1) % grades.length] as AnswerGrade;
  };
  const buying = { ledger: '', baseUrl: teacher.baseUrl, run: 'run', to: rows, parallel: 1, withoutRepeats: true };
  try {
    return await buyWith(ledger, { ...buying, batch: rows }, undefined, { verify, stopsWhenUseless });
  } finally {
    await teacher.close();
  }
}

test('what the program says is stored with each row, and rejects that row alone, with its reason', async () => {
  const rows = await buy([right, wrong, crashed, right], 8);
  const hygiene = { near: 0.8, duplicates: 'reject', verify: 'checker' } as const;
  const filter = new RowFilter(task, hygiene, new KnownQuestions(task, hygiene, []));
  const rejections = rows.map((row) => (row.state === 'answered' ? filter.reject({ ...row, id: row.row }) : row));
  const seen = rejections.map((rejection) => (rejection !== null && 'reason' in rejection ? rejection.reason : 'kept'));
  const refusal = 'the program of task.command finds the answer wrong: "AssertionError of row 7"';
  expect(seen.toSorted()).toEqual(
    [...Array(4).fill('kept'), ...Array(2).fill(crashed.reason), ...Array(2).fill(refusal)].toSorted(),
  );
});

test.each([
  ['finds wrong', wrong, 'verify: the program of task.command finds the answer wrong'],
  ['crashes on', crashed, 'verify: the program of task.command ended with status … Traceback'],
])('a purchase whose every row it %s stops after the first twenty', async (_, grade, reason) => {
  await expect(buy([grade], 60, true)).rejects.toMatchObject({
    kind: 'useless-rows',
    message: `20 of the first 20 rows were bought and rejected for one reason (${reason})`,
  });
});
