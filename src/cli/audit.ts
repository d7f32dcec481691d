import { openArchive } from '../audit/archive';
import { type AuditReport, auditExperiment, auditRun } from '../audit/audit';
import { gatherEvidence } from '../audit/evidence';
import { rowStory, seedStory } from '../audit/stories';
import { TutelageError } from '../core/errors';
import { openWorkspace, type Workspace } from '../store/workspace';
import { installRuntime } from '../workers/runtime';
import { exitCodes } from './exit-codes';
import { rowLines, seedLines } from './stories';
import { begunRuns, findWork } from './workspace-names';

export interface AuditOptions {
  readonly json: boolean;
  readonly seed?: string;
  readonly row?: string;
}

/** Places shown of one check; the rest is in `--json`. */
const PLACES_SHOWN = 5;

/** `tutelage audit RUN`: recomputes all that can be recomputed and says exactly where something differs. */
export async function auditCommand(name: string, options: AuditOptions): Promise<number> {
  const workspace = await openWorkspace();
  if (options.seed !== undefined || options.row !== undefined) {
    return tell(workspace, name, options);
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

/** One seed's or one row's story, of one run. */
async function tell(workspace: Workspace, name: string, { seed, row, json }: AuditOptions): Promise<number> {
  const run = await theRun(workspace, name);
  const archive = await openArchive(workspace);
  try {
    const evidence = await gatherEvidence(archive, run);
    const stories = [
      ...(seed === undefined
        ? []
        : [await seedStory(evidence, seed)].map((story) => ({ story, lines: seedLines(story) }))),
      ...(row === undefined ? [] : [await rowStory(evidence, row)].map((story) => ({ story, lines: rowLines(story) }))),
    ];
    for (const { story, lines } of stories) {
      process.stdout.write(json ? `${JSON.stringify(story)}\n` : `${lines.join('\n')}\n`);
    }
    return exitCodes.done;
  } finally {
    await archive.close();
  }
}

async function theRun(workspace: Workspace, name: string): Promise<string> {
  const [run, ...others] = await begunRuns(workspace, name);
  if (run === undefined || others.length > 0) {
    throw new TutelageError('usage', `${name} is ${others.length + 1} runs`, `name one of them, such as ${run}`);
  }
  return run;
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
