import type { Verdict } from './task';

/** What the engine can say of a pair of formulas. */
const opinions = ['correct', 'incorrect', 'unreadable', 'reference-unreadable', 'undecided', 'timeout'] as const;
type Opinion = (typeof opinions)[number];

/** A verdict after a second opinion: what ran out of time, or has an unreadable reference, is not measured, and not wrong. */
export function settleVerdict(verdict: Verdict, opinion: string): Verdict {
  const known: Opinion = opinions.find((one) => one === opinion) ?? 'timeout';
  switch (known) {
    case 'correct':
      return { ...verdict, state: 'correct', correct: true };
    case 'incorrect':
      return verdict;
    case 'unreadable':
      return { ...verdict, state: 'unreadable', reason: 'math-verify cannot read the answer' };
    case 'reference-unreadable':
      return { ...verdict, state: 'unmeasured', reason: 'math-verify cannot read the reference' };
    case 'undecided':
      return { ...verdict, state: 'unmeasured', reason: 'the two formulas cannot be compared' };
    case 'timeout':
      return { ...verdict, state: 'unmeasured', reason: 'math-verify ran out of time' };
  }
}
