import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadRun } from '../analysis/load';
import { plural } from '../analysis/phrases';
import type { ForkRecord } from '../audit/evidence';
import { configDifference, formatProblems, parseConfigFile, type RunPlan } from '../core/config';
import { TutelageError } from '../core/errors';
import { partsOf } from '../core/kept-students';
import { servedQueues } from '../core/names';
import type { RunRecord } from '../core/run-record';
import { droppedStudents } from '../store/dropped-students';
import { knownLedger } from '../store/known-ledger';
import { openLedger } from '../store/ledger';
import { callsByIteration } from '../store/ledger/calls-by-iteration';
import { openLedgerReader } from '../store/ledger/read-ledger';
import { readStoredPlan } from '../store/stored-plan';
import { readJsonFile, type Workspace, writeFileAtomically } from '../store/workspace';
import { openOwnWorkspace } from '../store/workspace-identity';
import { followLaunch } from './run';
import { begunRuns } from './workspace-names';

export interface ForkOptions {
  readonly after: string;
  readonly set: readonly string[];
  readonly name?: string;
  /** Agrees to hosts that are new to this workspace. */
  readonly yes: boolean;
  readonly json: boolean;
}

/** Keys that the reused iterations do not depend on; a change of any other key would invalidate them. */
const changeable =
  /^(strategy|iterations$|samples_per_iteration$|budget|judge|reward_model|analyses$|hygiene|student\.finetune)/;

/**
 * `tutelage fork RUN --after K`: a new run that reuses the first K iterations (their artifacts, jobs and answers; nothing
 * is computed or bought again) and continues from there. Its budget is charged for what it reuses, so that it can be
 * compared with a run that started from nothing. The same command resumes it after any interruption.
 */
export async function forkCommand(name: string, options: ForkOptions): Promise<number> {
  const workspace = await openOwnWorkspace();
  const [run, ...others] = await begunRuns(workspace, name);
  if (run === undefined || others.length > 0) {
    throw new TutelageError(
      'usage',
      `${name} is an experiment of ${plural(others.length + 1, 'run')}`,
      `fork one of them, such as ${run}`,
    );
  }
  const original = await readOriginal(workspace, run);
  const after = sharedIterations(original.record, options.after);
  await refuseDropped(workspace, original.record, after);
  const plan = planOf(original, { ...options, after });
  await refuseOther(workspace, plan, { of: run, after });
  if ((await readJsonFile(join(workspace.runDirectory(plan.run), 'fork.json'))) === null) {
    await makeFork(workspace, original.record, plan, after);
  }
  const next = `tutelage audit ${plan.run}  (recomputes it, the reused iterations too)`;
  const launch = { name: plan.run, next, isExperiment: false, plans: [plan], parallelRuns: 1 };
  return followLaunch(workspace, launch, { ...options, queues: servedQueues });
}

interface Original {
  readonly record: RunRecord;
  readonly plan: RunPlan;
}

async function readOriginal(workspace: Workspace, run: string): Promise<Original> {
  const record = await loadRun(workspace.root, run);
  const plan = await readStoredPlan(workspace, run);
  if (record === null || plan === null) {
    throw new TutelageError('damaged', `${run} lacks run.json or plan.json`, 'restore them from a backup');
  }
  return { record, plan };
}

/** What `student.keep` let go cannot be continued. */
async function refuseDropped(workspace: Workspace, { run, iterations }: RunRecord, after: number): Promise<void> {
  const dropped = await droppedStudents(workspace, run);
  const isKept = (at: number) => {
    const student = iterations[at - 1]?.student;
    return student !== undefined && !partsOf(student).some(({ sha256 }) => dropped.has(sha256));
  };
  if (!isKept(after)) {
    const kept = iterations.map((_, index) => index + 1).filter(isKept);
    throw new TutelageError(
      'usage',
      `--after ${after}: the student of iteration ${after} of ${run} was not kept (student.keep)`,
      `fork after iteration ${kept.join(' or ')}, or run again with student.keep: all`,
    );
  }
}

function sharedIterations({ run, iterations }: RunRecord, after: string): number {
  const count = Number(after);
  if (!Number.isSafeInteger(count) || count < 1 || count > iterations.length) {
    throw new TutelageError(
      'usage',
      `--after ${after}: ${run} has ${plural(iterations.length, 'finished iteration')} to reuse`,
      `give a whole number from 1 to ${iterations.length}`,
    );
  }
  return count;
}

function planOf({ record, plan }: Original, options: Omit<ForkOptions, 'after'> & { readonly after: number }): RunPlan {
  const { run } = record;
  const name = options.name ?? `${run.replaceAll('/', '-').replaceAll('~', '-')}-after-${options.after}`;
  const fork = resolve(plan, name, options.set);
  // Compared with the same text without --set, so that a default newer than the run is not a change.
  const changes = configDifference(resolve(plan, name, []).config, fork.config);
  const fixed = changes.filter(({ path }) => !changeable.test(path));
  if (fixed.length > 0) {
    const paths = fixed.map(({ path }) => path).join(', ');
    throw new TutelageError(
      'usage',
      `the reused iterations depend on ${paths}, which a fork cannot change`,
      'start a separate run with that value',
    );
  }
  const rows = record.iterations.slice(0, options.after).reduce((sum, { accepted }) => sum + accepted, 0);
  const { iterations, budget } = fork.config;
  if (iterations <= options.after || rows >= (budget.samples ?? Number.POSITIVE_INFINITY)) {
    throw new TutelageError(
      'usage',
      `nothing is left to do: ${options.after} of ${plural(iterations, 'iteration')} and ${rows} of ${budget.samples ?? 'any number of'} rows are reused`,
      'allow more with --set iterations=N or --set budget.samples=N',
    );
  }
  return plan.files === undefined ? fork : { ...fork, files: plan.files };
}

/** The original's configuration under another name, with the changes. */
function resolve({ run, config }: RunPlan, name: string, sets: readonly string[]): RunPlan {
  const { name: _preset, ...strategy } = config.strategy;
  const text = stringify({ ...config, name, strategy });
  const parsed = parseConfigFile({ text, file: `the configuration of ${run}`, sets });
  if (!parsed.ok) {
    throw new TutelageError('usage', formatProblems(parsed.problems));
  }
  const [plan, ...others] = parsed.runs;
  if (plan === undefined || others.length > 0 || plan.run !== name) {
    throw new TutelageError('usage', 'a fork is one run', 'leave matrix and name out of --set; --name names it');
  }
  return plan;
}

async function refuseOther(workspace: Workspace, plan: RunPlan, { of, after }: ForkRecord): Promise<void> {
  const directory = workspace.runDirectory(plan.run);
  const stored = await readStoredPlan(workspace, plan.run);
  const fork = await readJsonFile<ForkRecord>(join(directory, 'fork.json'));
  if (stored === null && fork === null) {
    return;
  }
  const changed = stored === null ? [] : configDifference(stored.config, plan.config);
  if (fork?.of !== of || fork.after !== after || changed.length > 0) {
    const paths = changed.map(({ path }) => path).join(', ');
    throw new TutelageError(
      'usage',
      `a different run ${plan.run} already exists${paths === '' ? '' : `, with other values of ${paths}`}`,
      'choose another name for the fork with --name',
    );
  }
}

/** Copies the record, the histories and the charges of what is reused. `fork.json` comes last: it means that all are there. */
async function makeFork(
  workspace: Workspace,
  { run: of, ...record }: RunRecord,
  plan: RunPlan,
  after: number,
): Promise<void> {
  const { run, config } = plan;
  const shared = record.iterations.slice(0, after);
  const reader = await openLedgerReader(workspace.ledger, await knownLedger(workspace));
  const ledger = await openLedger(workspace.ledger, await knownLedger(workspace));
  try {
    const spends = shared.map(({ spend }) => spend);
    const groups = callsByIteration(await reader.callsOf({ kind: 'run', name: of }), spends);
    if (groups.length < after) {
      throw new TutelageError(
        'damaged',
        `the ledger does not match the record of ${of}`,
        `see \`tutelage audit ${of}\``,
      );
    }
    await ledger.openSharing(
      { run, experiment: null, budget: config.budget },
      groups.map((calls) => calls.filter(({ state }) => state === 'settled')),
    );
  } finally {
    await ledger.close();
    await reader.close();
  }
  const directory = workspace.runDirectory(run);
  await mkdir(join(directory, 'history'), { recursive: true });
  for (const { iteration } of shared) {
    for (const file of [`iter-${iteration}.json`, `iter-${iteration}.json.sha256`]) {
      await copyFile(join(workspace.runDirectory(of), 'history', file), join(directory, 'history', file));
    }
  }
  const forked: RunRecord = {
    ...record,
    ...{ run, experiment: null, config, state: 'running', endedBecause: null },
    // Calls that the original lost are charged to the original alone.
    iterations: shared.map((iteration) => ({ ...iteration, spend: { ...iteration.spend, ...nothingLost } })),
  };
  await writeFileAtomically(join(directory, 'run.json'), `${JSON.stringify(forked, null, 2)}\n`);
  const fork: ForkRecord = { of, after };
  await writeFileAtomically(join(directory, 'fork.json'), `${JSON.stringify(fork, null, 2)}\n`);
}

const nothingLost = { unknownCalls: 0, unknownTokens: 0, unknownUsd: 0 };
