import { count, plural } from '../analysis/phrases';
import { openArchive } from '../audit/archive';
import { type AuditReport, auditExperiment, auditRun } from '../audit/audit';
import { gatherEvidence } from '../audit/evidence';
import { rowLineage, seedLineage } from '../audit/lineage';
import { TutelageError } from '../core/errors';
import { openWorkspace, type Workspace } from '../store/workspace';
import { installRuntime } from '../workers/runtime';
import { exitCodes } from './exit-codes';
import { rowLineageLines, seedLineageLines } from './lineage-view';
import { begunRuns, findWork } from './workspace-names';

export interface AuditOptions {
  readonly json: boolean;
  readonly seed?: string;
  readonly row?: string;
}

/** Differences shown for one check; `--json` lists all. */
const PLACES_SHOWN = 5;

/** `tutelage audit RUN`: recomputes what can be recomputed and reports exactly where something differs. */
export async function auditCommand(name: string, options: AuditOptions): Promise<number> {
  const workspace = await openWorkspace();
  if (options.seed !== undefined || options.row !== undefined) {
    return showLineage(workspace, name, options);
  }
  installRuntime(workspace);
  let holds = true;
  const show = (report: AuditReport) => {
    holds &&= report.holds;
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${auditTable(report).join('\n')}\n`);
  };
  const runs = await begunRuns(workspace, name);
  const archive = await openArchive(workspace);
  try {
    for (const run of runs) {
      show(await auditRun(archive, run));
    }
    if ((await findWork(workspace, name)).kind === 'experiment') {
      show(await auditExperiment(archive, name));
    }
  } finally {
    await archive.close();
  }
  return holds ? exitCodes.done : exitCodes.failed;
}

/** The lineage of one seed or one row, of one run. */
async function showLineage(workspace: Workspace, name: string, { seed, row, json }: AuditOptions): Promise<number> {
  const run = await theRun(workspace, name);
  const archive = await openArchive(workspace);
  try {
    const evidence = await gatherEvidence(archive, run);
    const lineages = [
      ...(seed === undefined
        ? []
        : [await seedLineage(evidence, seed)].map((lineage) => ({ lineage, lines: seedLineageLines(lineage) }))),
      ...(row === undefined
        ? []
        : [await rowLineage(evidence, row)].map((lineage) => ({ lineage, lines: rowLineageLines(lineage) }))),
    ];
    for (const { lineage, lines } of lineages) {
      process.stdout.write(json ? `${JSON.stringify(lineage)}\n` : `${lines.join('\n')}\n`);
    }
    return exitCodes.done;
  } finally {
    await archive.close();
  }
}

async function theRun(workspace: Workspace, name: string): Promise<string> {
  const [run, ...others] = await begunRuns(workspace, name);
  if (run === undefined || others.length > 0) {
    throw new TutelageError(
      'usage',
      `${name} is an experiment of ${plural(others.length + 1, 'run')}`,
      `name one of them, such as ${run}`,
    );
  }
  return run;
}

/** The table as lines: what was checked, how much of it, and each difference. */
export function auditTable({ run, holds, checks }: AuditReport): string[] {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, claim, checked, unit, problems }) => [
    `${problems.length === 0 ? 'ok   ' : 'WRONG'}  ${name.padEnd(width)}  ${`${count(checked)} ${unit}`.padEnd(20)}  ${claim}`,
    ...problems.slice(0, PLACES_SHOWN).map(({ location, message }) => `       ${location}: ${message}`),
    ...(problems.length > PLACES_SHOWN ? [`       and ${problems.length - PLACES_SHOWN} more (--json lists all)`] : []),
  ]);
  const wrong = checks.filter(({ problems }) => problems.length > 0).length;
  const verdict = holds ? 'everything holds' : `${wrong} of ${plural(checks.length, 'check')} found differences`;
  return [`audit of ${run}: ${verdict}`, ...lines];
}
