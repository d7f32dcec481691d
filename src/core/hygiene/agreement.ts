import type { HygieneConfig } from '../config/schema';
import type { Task } from '../tasks/task';

/** How many answers the teacher is asked for, for one question; more than one only where their agreement is the check. */
export const answersPerRow = ({ verify, samples = 3 }: HygieneConfig): number => (verify === 'agreement' ? samples : 1);

/**
 * What speaks against a row's answer: fewer of the readable answers to its question agree with it than are wanted, or
 * no more than half (a tie decides nothing). `null` where enough agree.
 * @param others the further answers; `null` for one that could not be read
 */
export function disagreement(
  task: Pick<Task, 'check'>,
  { agree = 0 }: Pick<HygieneConfig, 'agree'>,
  { question, answer, others }: { question: string; answer: string; others: readonly (string | null)[] },
): string | null {
  const readable = [answer, ...others.filter((other) => other !== null)];
  if (readable.length === 1) {
    return 'no other answer of the teacher could be read';
  }
  const agreeing = readable.filter((other) => areSame(task, question, answer, other)).length;
  return agreeing * 2 > readable.length && agreeing >= agree * readable.length
    ? null
    : `${agreeing} of ${readable.length} readable answers of the teacher agree with it`;
}

/**
 * Each passes the task's check with the other as the reference. In both directions, since a task that knows right from
 * wrong by itself looks at no reference: there, answers are the same when both are right. Where the check leaves
 * equivalent forms to the engine (math), answers in different forms count as different: rather a row too few.
 */
const areSame = ({ check }: Pick<Task, 'check'>, question: string, one: string, other: string) =>
  check(question, one, other).correct && check(question, other, one).correct;
