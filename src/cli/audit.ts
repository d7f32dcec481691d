import { type AuditReport, auditRun } from '../audit/audit';
import { openWorkspace } from '../store/workspace';
import { installRuntime } from '../workers/runtime';
import { exitCodes } from './exit-codes';
import { begunRuns } from './workspace-names';

/** Places shown of one check; the rest is in `--json`. */
const PLACES_SHOWN = 5;

/** `tutelage audit RUN`: recomputes all that can be recomputed and says exactly where something differs. */
export async function auditCommand(name: string, options: { readonly json: boolean }): Promise<number> {
  const workspace = await openWorkspace();
  installRuntime(workspace);
  let holds = true;
  for (const run of await begunRuns(workspace, name)) {
    const report = await auditRun(workspace, run);
    holds &&= report.holds;
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${auditTable(report).join('\n')}\n`);
  }
  return holds ? exitCodes.done : exitCodes.failed;
}

/** The table as lines: what was looked at, how much of it, and each place that differs. */
export function auditTable({ run, holds, checks }: AuditReport): string[] {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, claim, checked, unit, problems }) => [
    `${problems.length === 0 ? 'ok   ' : 'WRONG'}  ${name.padEnd(width)}  ${`${checked.toLocaleString('en-US')} ${unit}`.padEnd(20)}  ${claim}`,
    ...problems.slice(0, PLACES_SHOWN).map(({ place, message }) => `       ${place}: ${message}`),
    ...(problems.length > PLACES_SHOWN ? [`       and ${problems.length - PLACES_SHOWN} more (--json lists all)`] : []),
  ]);
  const wrong = checks.filter(({ problems }) => problems.length > 0).length;
  const verdict = holds ? 'everything holds' : `${wrong} of ${checks.length} checks found something`;
  return [`audit of ${run}: ${verdict}`, ...lines];
}
