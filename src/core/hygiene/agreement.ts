import type { HygieneConfig } from '../config/schema';
import type { Task } from '../tasks/task';

/** How many answers the teacher is asked for per question; more than one only for `verify: agreement`. */
export const answersPerRow = ({ verify, answers = 3 }: HygieneConfig): number => (verify === 'agreement' ? answers : 1);

/**
 * Why a row's answer is doubtful: too few of the readable answers to its question agree with it, or no more than half (a tie
 * decides nothing). `null` where enough agree.
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
 * Each passes the task's check with the other as the reference. Both directions are checked because some tasks ignore the
 * reference: there, two answers are the same when both are right. Where the check leaves equivalent forms to the engine
 * (math), answers in different forms count as different: losing a row is better than keeping a wrong one.
 */
const areSame = ({ check }: Pick<Task, 'check'>, question: string, one: string, other: string) =>
  check(question, one, other).correct && check(question, other, one).correct;
