import { count } from './phrases';
import type { RunResults } from './results-schema';

/** The stages a pick passes, as the results name them, in their order. */
export const funnelStages = ['asked', 'answered', 'parsed', 'new', 'clean', 'verified', 'accepted'] as const;

type Iterations = Pick<RunResults, 'iterations'>;

/** How many picks of each iteration passed each stage, and why the others did not; none where no record counted it. */
export function funnelLines({ iterations }: Iterations): string[] {
  const counted = iterations.flatMap(({ iteration, funnel }) => (funnel === null ? [] : [{ iteration, funnel }]));
  if (counted.length === 0) {
    return [];
  }
  const cells = (row: readonly string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(9) : cell.padStart(8))).join(' ');
  const rows = counted.map(({ iteration, funnel }) =>
    cells([String(iteration), ...funnelStages.map((stage) => count(funnel[stage]))]),
  );
  const reasons = rejectedFor({ iterations }).map(([reason, times]) => `${count(times).padStart(8)}  ${reason}`);
  return [
    cells(['iteration', ...funnelStages]),
    ...rows,
    ...(reasons.length === 0 ? [] : ['rejected', ...reasons]),
    '',
  ];
}

/** Reason -> rows rejected for it over all iterations, the most frequent first. */
export function rejectedFor({ iterations }: Iterations): [string, number][] {
  const sums = new Map<string, number>();
  for (const [reason, times] of iterations.flatMap(({ reasons }) => Object.entries(reasons ?? {}))) {
    sums.set(reason, (sums.get(reason) ?? 0) + times);
  }
  return [...sums].sort(([left, many], [right, more]) => more - many || (left < right ? -1 : 1));
}
