import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadRun } from '../analysis/load';
import type { ForkRecord } from '../audit/evidence';
import { configDifference, formatProblems, parseConfigFile, type RunPlan } from '../core/config';
import { TutelageError } from '../core/errors';
import { servedQueues } from '../core/names';
import type { RunRecord } from '../core/run-record';
import { openLedger } from '../store/ledger';
import { callsByMoment } from '../store/ledger/calls-by-moment';
import { openLedgerReader } from '../store/ledger/read-ledger';
import { openWorkspace, readJsonFile, type Workspace, writeFileAtomically } from '../store/workspace';
import { followLaunch } from './run';
import { begunRuns } from './workspace-names';

export interface ForkOptions {
  readonly after: string;
  readonly set: readonly string[];
  readonly name?: string;
  readonly json: boolean;
}

/** What the shared iterations do not depend on; anything else would make them another run's. */
const changeable =
  /^(strategy|iterations$|samples_per_iteration$|budget|judge|reward_model|analyses$|hygiene|student\.finetune)/;

/**
 * `tutelage fork RUN --after K`: a new run that shares the first K iterations (their artifacts, jobs and answers; nothing
 * is computed or bought again) and goes its own way from there. Its budget is charged for what it shares, so that it
 * compares with a run that began afresh. The same command goes on after any interruption.
 */
export async function forkCommand(name: string, options: ForkOptions): Promise<number> {
  const workspace = await openWorkspace();
  const [run, ...others] = await begunRuns(workspace, name);
  if (run === undefined || others.length > 0) {
    throw new TutelageError('usage', `${name} is ${others.length + 1} runs`, `fork one of them, such as ${run}`);
  }
  const original = await readOriginal(workspace, run);
  const after = sharedIterations(original.record, options.after);
  const plan = planOf(original, { ...options, after });
  await refuseOther(workspace, plan, { of: run, after });
  if ((await readJsonFile(join(workspace.runDirectory(plan.run), 'fork.json'))) === null) {
    await makeFork(workspace, original.record, plan, after);
  }
  const next = `tutelage audit ${plan.run}  (recomputes it, the shared iterations too)`;
  const launch = { name: plan.run, next, isExperiment: false, plans: [plan], parallelRuns: 1 };
  return followLaunch(workspace, launch, { ...options, queues: servedQueues });
}

interface Original {
  readonly record: RunRecord;
  readonly plan: RunPlan;
}

async function readOriginal(workspace: Workspace, run: string): Promise<Original> {
  const record = await loadRun(workspace.root, run);
  const plan = await readJsonFile<RunPlan>(join(workspace.runDirectory(run), 'plan.json'));
  if (record === null || plan === null) {
    throw new TutelageError('damaged', `${run} has no run.json or no plan.json`, 'restore them from a backup');
  }
  return { record, plan };
}

function sharedIterations({ run, iterations }: RunRecord, after: string): number {
  const count = Number(after);
  if (!Number.isSafeInteger(count) || count < 1 || count > iterations.length) {
    throw new TutelageError(
      'usage',
      `--after ${after}: ${run} has ${iterations.length} finished iterations to share`,
      `give a whole number from 1 to ${iterations.length}`,
    );
  }
  return count;
}

function planOf({ record, plan }: Original, options: Omit<ForkOptions, 'after'> & { readonly after: number }): RunPlan {
  const { run } = record;
  const name = options.name ?? `${run.replaceAll('/', '-').replaceAll('~', '-')}-after-${options.after}`;
  const fork = resolve(plan, name, options.set);
  // Against the same text without --set: a default that is newer than the run is no change.
  const changes = configDifference(resolve(plan, name, []).config, fork.config);
  const fixed = changes.filter(({ path }) => !changeable.test(path));
  if (fixed.length > 0) {
    const paths = fixed.map(({ path }) => path).join(', ');
    throw new TutelageError(
      'usage',
      `the shared iterations depend on ${paths}, which a fork cannot change`,
      'start a run of its own with that value',
    );
  }
  const rows = record.iterations.slice(0, options.after).reduce((sum, { accepted }) => sum + accepted, 0);
  const { iterations, budget } = fork.config;
  if (iterations <= options.after || rows >= (budget.samples ?? Number.POSITIVE_INFINITY)) {
    throw new TutelageError(
      'usage',
      `nothing is left to do: ${options.after} of ${iterations} iterations and ${rows} of ${budget.samples ?? 'any number of'} rows are shared`,
      'give it more with --set iterations=N or --set budget.samples=N',
    );
  }
  return fork;
}

/** The original's configuration under another name, with what is different. */
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
  const stored = await readJsonFile<RunPlan>(join(directory, 'plan.json'));
  const fork = await readJsonFile<ForkRecord>(join(directory, 'fork.json'));
  if (stored === null && fork === null) {
    return;
  }
  const changed = stored === null ? [] : configDifference(stored.config, plan.config);
  if (fork?.of !== of || fork.after !== after || changed.length > 0) {
    const paths = changed.map(({ path }) => path).join(', ');
    throw new TutelageError(
      'usage',
      `there is another run ${plan.run}${paths === '' ? '' : `, with other values of ${paths}`}`,
      'give the fork a name of its own with --name',
    );
  }
}

/** The record, the histories and the charges of what is shared; `fork.json`, which says that all are there, comes last. */
async function makeFork(
  workspace: Workspace,
  { run: of, ...record }: RunRecord,
  plan: RunPlan,
  after: number,
): Promise<void> {
  const { run, config } = plan;
  const shared = record.iterations.slice(0, after);
  const reader = await openLedgerReader(workspace.ledger);
  const ledger = await openLedger(workspace.ledger);
  try {
    const spends = shared.map(({ spend }) => spend);
    const groups = callsByMoment(await reader.callsOf({ kind: 'run', name: of }), spends);
    if (groups.length < after) {
      throw new TutelageError('damaged', `the ledger's calls are not those of ${of}`, `see \`tutelage audit ${of}\``);
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
    // What the original lost on the way is its own bill.
    iterations: shared.map((iteration) => ({ ...iteration, spend: { ...iteration.spend, ...nothingLost } })),
  };
  await writeFileAtomically(join(directory, 'run.json'), `${JSON.stringify(forked, null, 2)}\n`);
  const fork: ForkRecord = { of, after };
  await writeFileAtomically(join(directory, 'fork.json'), `${JSON.stringify(fork, null, 2)}\n`);
}

const nothingLost = { unknownCalls: 0, unknownTokens: 0, unknownMicroUsd: 0 };
