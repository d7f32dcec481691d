import { failedAttemptsOf, failedAttemptsTeller } from './failed-attempts';
import type { Snapshot } from './snapshot';

const pending = (attempt: number, message: string | null, type = 'transient') => ({
  activityType: { name: 'finetune' },
  attempt,
  lastFailure: message === null ? null : { message, applicationFailureInfo: { type } },
});

const describe = (...pendingActivities: object[]) =>
  ({ raw: { pendingActivities } }) as unknown as Parameters<typeof failedAttemptsOf>[0];

test('a step that is repeated tells its last failure, by its first line', () => {
  expect(failedAttemptsOf(describe(pending(3, 'the engine ran out of memory\nhint: less'), pending(1, null)))).toEqual([
    { step: 'finetune', attempt: 2, reason: 'the engine ran out of memory' },
  ]);
});

test('a step that asks again later has not failed', () => {
  expect(failedAttemptsOf(describe(pending(40, 'batch job b has not ended yet', 'not-ready')))).toEqual([]);
});

test('each failed attempt is one line', () => {
  const lines: string[] = [];
  const tell = failedAttemptsTeller((line) => lines.push(line));
  const look = (attempt: number) =>
    tell({
      runs: [{ run: 'r', iteration: 1, failedAttempts: [{ step: 'predict', attempt, reason: 'no memory' }] }],
    } as unknown as Snapshot);
  [1, 1, 2].forEach(look);
  expect(lines).toEqual([
    'r: attempt 1 of predict failed and is repeated: no memory',
    'r: attempt 2 of predict failed and is repeated: no memory',
  ]);
});
