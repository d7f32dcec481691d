import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../core/canonical-json';
import { TutelageError } from '../core/errors';
import type { RunRecord } from '../core/run-record';
import { runRecordSchema } from '../core/run-record-schema';
import { readRunFailure } from '../store/failed-runs';
import { ledgerLocation } from '../store/ledger/location';
import { readPrices } from '../store/ledger/prices';
import { readJsonFile, workspaceAt } from '../store/workspace';
import { loadLines, loadRows, storeOf } from './data/load-rows';
import { loadTimes } from './data/load-times';
import type { RowLine } from './data/row-line';
import { type Details, experimentResults, type LabelledRun, runResults } from './results';
import type { ExperimentResults, Labels, RunResults, Times } from './results-schema';

/** What `experiment.json` lists: the runs of one file, whether they have started or not. */
const experimentSchema = z.object({
  experiment: z.string(),
  runs: z.array(z.object({ run: z.string(), labels: z.record(z.string(), z.unknown()) })),
});

type Experiment = z.output<typeof experimentSchema>;

/**
 * The record of one run, or `null` where there is none yet.
 *
 * @param workspace root of the workspace
 * @param run its full name: `<experiment>/<run>` for a run of an experiment
 * @throws TutelageError `damaged` when the file is not what was written
 */
export async function loadRun(workspace: string, run: string): Promise<RunRecord | null> {
  return readChecked(fileOf(workspace, run, 'run.json'), runRecordSchema);
}

/** Everything the report and the table files are drawn from. */
export interface Loaded {
  readonly results: RunResults | ExperimentResults;
  readonly details: Details;
}

/**
 * The results of a run or of an experiment, as far as it has come, and what they were drawn from.
 *
 * @param options without rows, what only they tell is left out: a page that is drawn again and again has no time to read them
 * @throws TutelageError `usage` where nothing of that name has results, `damaged` as above
 */
export async function loadAll(
  workspace: string,
  name: string,
  { withRows = true }: { readonly withRows?: boolean } = {},
): Promise<Loaded> {
  const experiment = await loadExperiment(workspace, name);
  if (experiment !== null) {
    const runs = await Promise.all(
      experiment.runs.map(
        async ({ run, labels }): Promise<LabelledRun> => ({
          run,
          labels: scalarLabels(labels),
          record: await loadRun(workspace, run),
        }),
      ),
    );
    const details = await loadDetails(workspace, runs, withRows);
    const failures = await Promise.all(runs.map((one) => failureOf(workspace, one)));
    const failed = failures.filter((failure) => failure !== null);
    return { results: experimentResults(experiment.experiment, runs, { ...details, failed }), details };
  }
  const record = await loadRun(workspace, name);
  if (record === null) {
    throw await noResults(workspace, name);
  }
  const labels = await labelsOf(workspace, record);
  const details = await loadDetails(workspace, [{ run: record.run, labels, record }], withRows);
  const failure = await failureOf(workspace, { run: record.run, record });
  return { results: runResults(record, labels, { ...details, failure: failure?.reason ?? null }), details };
}

/**
 * The picks of one run with all that became of them, by iteration and rank, as far as the run has come; `null` where the
 * workspace does not have its artifacts.
 */
export async function loadPicks(workspace: string, record: RunRecord): Promise<readonly RowLine[] | null> {
  const labels = await labelsOf(workspace, record);
  const prices = await readPrices(ledgerLocation(workspace), [record.run]);
  return (await loadLines(storeOf(workspace), record, { labels, prices }))?.lines ?? null;
}

async function labelsOf(workspace: string, { run, experiment, config }: RunRecord): Promise<Labels> {
  const siblings = experiment === null ? null : await loadExperiment(workspace, experiment);
  const own = siblings?.runs.find((one) => one.run === run);
  return own === undefined ? { strategy: config.strategy.name, seed: config.seed } : scalarLabels(own.labels);
}

/** Why a run failed when it last ran; `null` if it did not, or has ended since. */
async function failureOf(
  workspace: string,
  { run, record }: Pick<LabelledRun, 'run' | 'record'>,
): Promise<{ run: string; reason: string } | null> {
  const failure =
    record !== null && record.state !== 'running' ? null : await readRunFailure(workspaceAt(workspace), run);
  return failure && { run, reason: failure.reason };
}

export const loadResults = async (workspace: string, name: string): Promise<RunResults | ExperimentResults> =>
  (await loadAll(workspace, name)).results;

async function loadDetails(workspace: string, runs: readonly LabelledRun[], withRows: boolean): Promise<Details> {
  const store = storeOf(workspace);
  const started = runs.filter((run) => run.record !== null);
  const prices = await readPrices(
    ledgerLocation(workspace),
    started.map(({ record }) => record?.run ?? ''),
  );
  const rows: Details['rows'][number][] = [];
  const times: Times = {};
  for (const { labels, record } of started) {
    if (record === null) {
      continue;
    }
    const own = withRows ? await loadRows(store, record, { labels, prices }) : null;
    rows.push(...(own === null ? [] : [own]));
    for (const { iteration } of record.iterations) {
      const seconds = await loadTimes(workspace, record.run, iteration);
      if (seconds !== null) {
        times[record.run] = { ...times[record.run], [iteration]: { ...seconds, steps: { ...seconds.steps } } };
      }
    }
  }
  return { rows, prices, times };
}

const loadExperiment = (workspace: string, name: string): Promise<Experiment | null> =>
  readChecked(fileOf(workspace, name, 'experiment.json'), experimentSchema);

/** Names come from the command line; one that leads out of the workspace is refused. */
export function fileOf(workspace: string, name: string, file: string): string {
  const runs = join(workspace, 'runs');
  const path = join(runs, name, file);
  if (name === '' || !path.startsWith(`${runs}${sep}`) || path === join(runs, file)) {
    throw new TutelageError('usage', `${JSON.stringify(name)} is not the name of a run or an experiment`);
  }
  return path;
}

async function readChecked<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  const content = await readJsonFile<unknown>(path).catch((cause: unknown) => {
    throw damaged(path, (cause as Error).message, cause);
  });
  if (content === null) {
    return null;
  }
  const parsed = schema.safeParse(content);
  if (!parsed.success) {
    throw damaged(path, z.prettifyError(parsed.error), parsed.error);
  }
  return parsed.data;
}

const damaged = (path: string, reason: string, cause: unknown) =>
  new TutelageError(
    'damaged',
    `${path} is not what was written there: ${reason}`,
    'restore the file from a backup, or start the run afresh with --new',
    { cause },
  );

/** A strategy written out in the matrix is named by its text. */
function scalarLabels(labels: Readonly<Record<string, unknown>>): Labels {
  const scalar = (value: unknown) =>
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : canonicalJson(value);
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, scalar(value)]));
}

async function noResults(workspace: string, name: string): Promise<TutelageError> {
  const names = await readdir(join(workspace, 'runs')).catch(() => []);
  return new TutelageError(
    'usage',
    `${name} has no results in ${workspace}`,
    names.length === 0 ? 'start a run first: tutelage run FILE' : `choose from: ${names.sort().join(', ')}`,
  );
}
