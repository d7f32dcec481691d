import { TutelageError } from '../core/errors';
import { EngineFailure, RepeatedFailures } from './repeated-failures';

const fails = (message: string) => () => Promise.reject(new EngineFailure(message, 'see its log'));
const dies = () => Promise.reject(new TutelageError('transient', 'was ended by SIGKILL'));

test.each<[string, (() => Promise<never>)[], string]>([
  ['a first failure may be tried again', [fails('a bug')], 'transient'],
  ['the same failure twice is final', [fails('a bug'), fails('a bug')], 'student-failed'],
  ['what the log said last makes no other failure', [fails('a bug\nline 1'), fails('a bug\nline 2')], 'student-failed'],
  ['another failure is a first one', [fails('a bug'), fails('no memory')], 'transient'],
  ['a death is not a failure that repeats', [dies, dies], 'transient'],
])('%s', async (_, attempts, kind) => {
  const watch = new RepeatedFailures();
  let last: unknown;
  for (const attempt of attempts) {
    last = await watch.watch('job', attempt).catch((error: unknown) => error);
  }
  expect(last).toMatchObject({ kind, isRetryable: kind !== 'student-failed' });
});

test('a success in between, or another job, is forgotten about', async () => {
  const watch = new RepeatedFailures();
  const fail = fails('a bug');
  await expect(watch.watch('a', fail)).rejects.toMatchObject({ kind: 'transient' });
  await expect(watch.watch('b', fail)).rejects.toMatchObject({ kind: 'transient' });
  await watch.watch('a', async () => 'done');
  await expect(watch.watch('a', fail)).rejects.toMatchObject({ kind: 'transient' });
});
