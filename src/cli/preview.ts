import { addProjections, type Projection } from '../core/budget/projection';
import { canonicalJson } from '../core/canonical-json';
import type { RunPlan } from '../core/config';
import { measurementsOf } from '../core/strategies';
import { openLedger } from '../store/ledger';
import { openWorkspace } from '../store/workspace';
import { openTeachers } from '../workers/teachers';
import { readConfigFile } from './config-file';
import { exitCodes } from './exit-codes';
import { interruption } from './interruption';
import type { PreviewedEvent, ProjectedEvent } from './json-events';
import { type Preview, type PreviewedRow, type PreviewParts, previewRows } from './preview-rows';
import { projectionLines, rowLines } from './preview-view';

export interface PreviewOptions {
  readonly rows: number;
  readonly set: readonly string[];
  readonly json: boolean;
}

/**
 * `tutelage preview FILE -n 5`: a few real rows with verdicts and prices before anything long, and what all would cost.
 * No student, no server. A second preview of the same file pays nothing.
 */
export async function previewCommand(file: string, options: PreviewOptions): Promise<number> {
  const { config, runs } = await readConfigFile(file, options.set);
  const workspace = await openWorkspace();
  const interrupt = interruption();
  const cancel = new AbortController();
  void interrupt.asked.then(() => {
    process.stderr.write('stopping: answers in flight come in; Ctrl-C again stops at once\n');
    cancel.abort(new Error('interrupted'));
  });
  const ledger = await openLedger(workspace.ledger);
  const teachers = openTeachers(ledger);
  try {
    const previews = await previewAll({ workspace, ledger, teachers, signal: cancel.signal }, runs, options);
    const projected = projectedEvent(config.name, previews);
    const isUsable = projected.accepted > 0;
    if (options.json) {
      process.stdout.write(`${JSON.stringify(projected)}\n`);
    } else {
      process.stdout.write(`${projectionLines(projected).join('\n')}\n`);
      const instead =
        'see above why no row can be used, correct task.prompts or the teacher section, and preview again';
      process.stderr.write(`next: ${isUsable ? `tutelage run ${file}` : instead}\n`);
    }
    return isUsable ? exitCodes.done : exitCodes.failed;
  } catch (error) {
    if (cancel.signal.aborted) {
      process.stderr.write('the preview is stopped; answers that came in are kept, and not bought again\n');
      return exitCodes.interrupted;
    }
    throw error;
  } finally {
    interrupt.done();
    await teachers.close();
    await ledger.close();
  }
}

/** Runs that buy alike, by what they ask for: their rows are looked at once. */
interface Alike {
  readonly runs: readonly RunPlan[];
  readonly preview: Preview;
}

async function previewAll(
  parts: PreviewParts,
  plans: readonly RunPlan[],
  { rows: count, json }: PreviewOptions,
): Promise<Alike[]> {
  const groups = new Map<string, RunPlan[]>();
  for (const plan of plans) {
    const key = canonicalJson([plan.config.task, plan.config.teacher, plan.config.hygiene]);
    groups.set(key, [...(groups.get(key) ?? []), plan]);
  }
  const previews: Alike[] = [];
  for (const runs of groups.values()) {
    const [first] = runs as [RunPlan, ...RunPlan[]];
    process.stderr.write(`asking ${first.config.teacher.model} for ${count} rows of ${first.run}\n`);
    const preview = await previewRows(parts, first.config, count);
    for (const [index, row] of preview.rows.entries()) {
      const event = previewedEvent(first, row);
      process.stdout.write(
        json ? `${JSON.stringify(event)}\n` : `${rowLines(event, `${index + 1} of ${count}`).join('\n')}\n\n`,
      );
    }
    previews.push({ runs, preview });
  }
  return previews;
}

const previewedEvent = (
  { run, config }: RunPlan,
  { seed, question, answer, rejected, calls, inputTokens, outputTokens, nanoUsd }: PreviewedRow,
): PreviewedEvent => ({
  event: 'previewed',
  run,
  seed: { id: seed.id, question: seed.question, answer: seed.answer, stratum: seed.stratum },
  ...{ question, answer, isAccepted: rejected === null, rejected, calls, inputTokens, outputTokens },
  usd: config.teacher.price === undefined ? null : usd(nanoUsd),
});

function projectedEvent(name: string, alike: readonly Alike[]): ProjectedEvent {
  const configs = alike.flatMap(({ runs }) => runs.map(({ config }) => config));
  const projections = alike.flatMap(({ runs, preview }) =>
    runs.map(({ config }) => preview.project(rowsOf(config))).filter((projection) => projection !== null),
  );
  const isPriced = configs.every(({ teacher }) => teacher.price !== undefined);
  const rows = alike.flatMap(({ preview }) => preview.rows);
  const caps = configs.map(({ budget }) => budget.usd);
  return {
    event: 'projected',
    name,
    runs: configs.length,
    rows: configs.reduce((total, config) => total + rowsOf(config), 0),
    previewed: rows.length,
    accepted: rows.filter(({ rejected }) => rejected === null).length,
    paidUsd: isPriced ? usd(alike.reduce((total, { preview }) => total + preview.paidNanoUsd, 0)) : null,
    paidUsdMax: isPriced ? usd(alike.reduce((total, { preview }) => total + preview.capNanoUsd, 0)) : null,
    ...unitsOf(projections, isPriced),
    capUsd: caps.every((cap) => cap !== undefined) ? caps.reduce((total, cap) => total + cap, 0) : null,
    gradesNotIncluded: configs.some(({ strategy }) => measurementsOf(strategy).measurement === 'grades'),
  };
}

function unitsOf(
  projections: readonly Projection[],
  isPriced: boolean,
): Pick<ProjectedEvent, 'asked' | 'tokens' | 'usd'> {
  if (projections.length === 0) {
    return { asked: null, tokens: null, usd: null };
  }
  const { asked, tokens, nanoUsd } = addProjections(projections);
  const each = ({ estimate, low, high }: typeof asked, of: (value: number) => number) => ({
    estimate: of(estimate),
    low: of(low),
    high: of(high),
  });
  return {
    asked: each(asked, Math.round),
    tokens: each(tokens, Math.round),
    usd: isPriced ? each(nanoUsd, usd) : null,
  };
}

/** Accepted rows that iterations and cap allow. */
const rowsOf = ({ iterations, samples_per_iteration, budget }: RunPlan['config']) =>
  Math.min(iterations * samples_per_iteration, budget.samples ?? Number.POSITIVE_INFINITY);

const usd = (nanoUsd: number) => nanoUsd / 1e9;
