import type { RejectedRow } from '../records';

/** What a teacher's endpoint says may differ every time; more kinds than this are counted together. */
const KINDS_MAX = 20;

/**
 * How often rows were rejected for each reason, the most frequent first: `duplicate: near row …` -> 3. What is of one
 * row alone (names, numbers, quoted text) is left out of a reason, so that equal ones are counted together.
 */
export function countReasons(rejected: readonly Pick<RejectedRow, 'stage' | 'reason'>[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { stage, reason } of rejected) {
    const kind = `${stage}: ${kindOf(reason)}`;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const ordered = [...counts].sort(([left, many], [right, more]) => more - many || (left < right ? -1 : 1));
  const others = ordered.slice(KINDS_MAX).reduce((sum, [, count]) => sum + count, 0);
  return Object.fromEntries([...ordered.slice(0, KINDS_MAX), ...(others === 0 ? [] : [['others', others] as const])]);
}

/** A quoted text ends a reason; a word that holds a digit is a name, a number or a question's own. */
const kindOf = (reason: string) =>
  reason
    .slice(0, 300)
    .replace(/: (?:"|ROUGE-L ).*$/s, '')
    .replace(/\S*\d\S*(?: \S*\d\S*)*/g, '…')
    .slice(0, 80);
