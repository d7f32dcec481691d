import type { RejectedRow } from '../records';

/** Error texts of an endpoint may differ every time; further kinds are counted together. */
const KINDS_MAX = 20;

/**
 * How often rows were rejected for each reason, the most frequent first: `duplicate: near row …` -> 3. Details of a
 * single row (names, numbers, quoted text) are removed from a reason, so that equal reasons are counted together.
 */
export function countReasons(rejected: readonly Pick<RejectedRow, 'stage' | 'reason'>[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const row of rejected) {
    const kind = rejectionKind(row);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const ordered = [...counts].sort(([left, many], [right, more]) => more - many || (left < right ? -1 : 1));
  const others = ordered.slice(KINDS_MAX).reduce((sum, [, count]) => sum + count, 0);
  return Object.fromEntries([...ordered.slice(0, KINDS_MAX), ...(others === 0 ? [] : [['others', others] as const])]);
}

/** What a rejection is counted under. */
export const rejectionKind = ({ stage, reason }: Pick<RejectedRow, 'stage' | 'reason'>) =>
  `${stage}: ${kindOf(reason)}`;

/** A reason ends at quoted text; a word with a digit is a name, a number or part of a question. */
const kindOf = (reason: string) =>
  reason
    .slice(0, 300)
    .replace(/: (?:"|ROUGE-L ).*$/s, '')
    .replace(/\S*\d\S*(?: \S*\d\S*)*/g, '…')
    .slice(0, 80);
