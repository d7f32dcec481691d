import { plural } from '../analysis/phrases';
import { addBilling } from '../core/budget/billing';
import { sumUsd, usdOf } from '../core/budget/price';
import { addProjections, type Projection } from '../core/budget/projection';
import { canonicalJson } from '../core/canonical-json';
import type { RunPlan } from '../core/config';
import { judgeOf } from '../core/config/judge-of';
import { powerOfPlan } from '../core/power-of-plan';
import { plannedRows, plannedRowsOfAll } from '../core/run-plan-rows';
import { measurementsOf } from '../core/strategies';
import { lookForPython } from '../setup/python';
import { openWorkspaceLedger } from '../store/known-ledger';
import { openOwnWorkspace } from '../store/workspace-identity';
import { openTeachers } from '../workers/teachers';
import { readConfigFile } from './config-file';
import { confirmHosts, destinationLine, destinationsOf, requireKeys } from './credentials';
import { exitCodes } from './exit-codes';
import { interruption } from './interruption';
import type { PreviewedEvent, ProjectedEvent } from './json-events';
import { powerLine } from './power-line';
import { type Preview, type PreviewedRow, type PreviewParts, previewRows } from './preview-rows';
import { previewedRowLines, progressReporter, projectionLines } from './preview-view';
import { estimateStudent, estimateText } from './student-estimate';

export interface PreviewOptions {
  readonly rows: number;
  readonly set: readonly string[];
  /** Agrees to hosts that are new to this workspace. */
  readonly yes: boolean;
  readonly json: boolean;
}

/**
 * `tutelage preview FILE -n 5`: a few real rows with verdicts and prices, and the projected cost of all. Needs no
 * student and no server. Repeating a preview costs nothing.
 */
export async function previewCommand(file: string, options: PreviewOptions): Promise<number> {
  const { config, runs } = await readConfigFile(file, options.set);
  const workspace = await openOwnWorkspace();
  const configs = runs.map(({ config }) => config);
  process.stderr.write(
    destinationsOf(configs)
      .map((one) => `${destinationLine(one)}\n`)
      .join(''),
  );
  requireKeys(configs);
  await confirmHosts(workspace, configs, options);
  const interrupt = interruption();
  const cancel = new AbortController();
  void interrupt.asked.then(() => {
    process.stderr.write('stopping: waiting for answers in flight; Ctrl-C again stops at once\n');
    cancel.abort(new Error('interrupted'));
  });
  const ledger = await openWorkspaceLedger(workspace);
  const teachers = openTeachers(ledger);
  const onProgress = progressReporter((line) => process.stderr.write(line), Date.now);
  try {
    const previews = await previewAll(
      { workspace, ledger, teachers, signal: cancel.signal, onProgress },
      runs,
      options,
    );
    const projected = projectedEvent(config.name, previews);
    const isUsable = projected.accepted > 0;
    await printEstimate(runs);
    if (options.json) {
      process.stdout.write(`${JSON.stringify(projected)}\n`);
    } else {
      process.stdout.write(`${projectionLines(projected).join('\n')}\n`);
      const power = powerOfPlan(runs);
      if (power !== null) {
        process.stdout.write(`${powerLine(power, projected.rows)}\n`);
      }
      const instead = 'see above why no row is usable, correct task.prompts or the teacher section, and preview again';
      process.stderr.write(`next: ${isUsable ? `tutelage run ${file}` : instead}\n`);
    }
    return isUsable ? exitCodes.done : exitCodes.failed;
  } catch (error) {
    if (cancel.signal.aborted) {
      process.stderr.write('preview interrupted; answers that arrived are kept and not bought again\n');
      return exitCodes.interrupted;
    }
    throw error;
  } finally {
    interrupt.done();
    await teachers.close();
    await ledger.close();
  }
}

/** What an iteration of the first run takes of this machine, where the engine's Python is there to ask. */
async function printEstimate([first]: readonly RunPlan[]): Promise<void> {
  const { ready } = await lookForPython().catch(() => ({ ready: null }));
  if (ready === null || first === undefined) {
    return;
  }
  const estimate = await estimateStudent(ready.python, first.config);
  if (estimate !== null) {
    const text = typeof estimate === 'string' ? `not estimated: ${estimate}` : estimateText(estimate);
    process.stderr.write(`student   ${text}\n`);
  }
}

/** Runs with the same task, teacher and hygiene: one preview serves them all. */
interface PreviewedRuns {
  readonly runs: readonly RunPlan[];
  readonly preview: Preview;
}

async function previewAll(
  parts: PreviewParts,
  plans: readonly RunPlan[],
  { rows: count, json }: PreviewOptions,
): Promise<PreviewedRuns[]> {
  const groups = new Map<string, RunPlan[]>();
  for (const plan of plans) {
    const key = canonicalJson([plan.config.task, plan.config.teacher, plan.config.hygiene, judgeOf(plan.config)]);
    groups.set(key, [...(groups.get(key) ?? []), plan]);
  }
  const previews: PreviewedRuns[] = [];
  for (const runs of groups.values()) {
    const [first] = runs as [RunPlan, ...RunPlan[]];
    process.stderr.write(`asking ${first.config.teacher.model} for ${plural(count, 'row')} of ${first.run}\n`);
    const preview = await previewRows(parts, first.config, count);
    for (const [index, row] of preview.rows.entries()) {
      const event = previewedEvent(first, row);
      process.stdout.write(
        json ? `${JSON.stringify(event)}\n` : `${previewedRowLines(event, `${index + 1} of ${count}`).join('\n')}\n\n`,
      );
    }
    previews.push({ runs, preview });
  }
  return previews;
}

const previewedEvent = (
  { run, config }: RunPlan,
  { seed, question, answer, rejected, reply, calls, inputTokens, outputTokens, nanoUsd }: PreviewedRow,
): PreviewedEvent => ({
  event: 'previewed',
  run,
  seed: { id: seed.id, question: seed.question, answer: seed.answer, stratum: seed.stratum },
  ...{ question, answer, isAccepted: rejected === null, rejected, reply, calls, inputTokens, outputTokens },
  usd: config.teacher.price === undefined ? null : usdOf(nanoUsd),
});

function projectedEvent(name: string, alike: readonly PreviewedRuns[]): ProjectedEvent {
  const plans = alike.flatMap(({ runs }) => runs);
  const configs = plans.map(({ config }) => config);
  const planned = plannedRowsOfAll(plans);
  // A cap of the experiment cuts all runs alike: nobody knows yet which of them it will meet.
  const share = planned.total / plans.reduce((sum, { config }) => sum + plannedRows(config), 0);
  const projections = alike.flatMap(({ runs, preview }) =>
    runs.map(({ config }) => preview.project(share * plannedRows(config))).filter((projection) => projection !== null),
  );
  const isPriced = configs.every(({ teacher }) => teacher.price !== undefined);
  const rows = alike.flatMap(({ preview }) => preview.rows);
  return {
    event: 'projected',
    name,
    runs: configs.length,
    rows: planned.total,
    previewed: rows.length,
    accepted: rows.filter(({ rejected }) => rejected === null).length,
    paidUsd: isPriced ? usdOf(alike.reduce((total, { preview }) => total + preview.paidNanoUsd, 0)) : null,
    paidUsdMax: isPriced ? usdOf(alike.reduce((total, { preview }) => total + preview.capNanoUsd, 0)) : null,
    unknownCalls: alike.reduce((total, { preview }) => total + preview.unknown.calls, 0),
    unknownUsdMax: isPriced ? usdOf(alike.reduce((total, { preview }) => total + preview.unknown.nanoUsdMax, 0)) : null,
    billing: billingOf(alike.map(({ preview }) => preview)),
    ...unitsOf(projections, isPriced),
    capUsd: capUsdOf(plans),
    ...gradingOf(alike),
    gradesNotIncluded: configs.some(({ strategy }) => measurementsOf(strategy).measurement === 'grades'),
  };
}

function billingOf(previews: readonly Preview[]): ProjectedEvent['billing'] {
  const flagged = previews.flatMap(({ billing }) => billing ?? []);
  return flagged.length === 0 ? null : addBilling(flagged);
}

/** What the judges of the tasks may ask at most for all evaluations: of the base, and after each iteration. */
function gradingOf(alike: readonly PreviewedRuns[]): Pick<ProjectedEvent, 'gradingTokensMax' | 'gradingUsdMax'> {
  const all = alike.flatMap(({ runs, preview: { gradingMax } }) =>
    gradingMax === null
      ? []
      : runs.map(({ config }) => ({ config, evaluations: config.iterations + 1, each: gradingMax })),
  );
  if (all.length === 0) {
    return { gradingTokensMax: null, gradingUsdMax: null };
  }
  const isPriced = all.every(({ config }) => judgeOf(config).price !== undefined);
  const total = (unit: 'tokens' | 'nanoUsd') =>
    all.reduce((sum, { evaluations, each }) => sum + evaluations * each[unit], 0);
  return { gradingTokensMax: total('tokens'), gradingUsdMax: isPriced ? usdOf(total('nanoUsd')) : null };
}

/** The lower of what all runs and the experiment may spend; `null` where neither has a cap for everything. */
function capUsdOf(plans: readonly RunPlan[]): number | null {
  const ofRuns = sumUsd(plans.map(({ config }) => config.budget.usd ?? Number.POSITIVE_INFINITY));
  const ofExperiment = plans.map(({ experiment, experimentBudget }) =>
    experiment === null ? undefined : experimentBudget?.usd,
  );
  const cap = Math.min(ofRuns, ...ofExperiment.map((usd) => usd ?? Number.POSITIVE_INFINITY));
  return Number.isFinite(cap) ? cap : null;
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
    usd: isPriced ? each(nanoUsd, usdOf) : null,
  };
}
