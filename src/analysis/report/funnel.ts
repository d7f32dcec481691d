import { funnelStages, rejectedFor } from '../funnel';
import { count } from '../phrases';
import type { ExperimentRun } from '../results-schema';
import { type Html, html } from './html';
import { table } from './tables';

/** From picks to rows: how many passed each stage in every iteration, and why the others did not. */
export function funnelTables(runs: readonly Omit<ExperimentRun, 'kind'>[]): Html | null {
  const rows = runs.flatMap(({ run, iterations }) =>
    iterations.flatMap(({ iteration, funnel }) =>
      funnel === null ? [] : [[run, String(iteration), ...funnelStages.map((stage) => count(funnel[stage]))]],
    ),
  );
  if (rows.length === 0) {
    return null;
  }
  const reasons = rejectedFor({ iterations: runs.flatMap(({ iterations }) => iterations) });
  return html`${table({
    caption: 'Picks that passed each stage and all stages before it.',
    columns: [['run'], ['iteration', 'number'], ...funnelStages.map((stage) => [stage, 'number'] as const)],
    rows,
  })}
${
  reasons.length === 0
    ? html`<p class="note">No row was rejected.</p>`
    : table({
        caption: 'Rows that were bought and not accepted, by stage and reason, over all runs.',
        columns: [['reason'], ['rows', 'number']],
        rows: reasons.map(([reason, times]) => [reason, count(times)]),
      })
}`;
}
