import { createHash } from 'node:crypto';
import type { ModelRef } from '../core/artifact-ref';
import { addBilling } from '../core/budget/billing';
import { sumUsd, usdOf } from '../core/budget/price';
import { canonicalJson } from '../core/canonical-json';
import type { EvaluationSummary, RunRecord, SampledEvaluation, Spend, Tally } from '../core/run-record';
import { accuracyOf, macroAccuracyOf, measuredOf } from '../core/statistics/accuracy';
import { type Spread, spreadOf } from '../core/statistics/spread';
import { wilsonInterval } from '../core/statistics/wilson';
import type { PriceList, Purchase } from '../store/ledger/prices';
import { analysesOf } from './analyses';
import { comparisons } from './comparison';
import type { RunRows } from './data/load-rows';
import { fairnessOf } from './fairness';
import { publishedConfig } from './published-config';
import type { Arm, ExperimentResults, ExperimentRun, Labels, RunResults, TestAccuracy, Times } from './results-schema';
import { settingOf } from './settings';

/** A run of an experiment; `record` is `null` until the run has evaluated its base. */
export interface LabelledRun {
  readonly run: string;
  readonly labels: Labels;
  readonly record: RunRecord | null;
}

/** What is stored beside the records: rows, prices and times. Empty where only the records are known. */
export interface Details {
  readonly rows: readonly RunRows[];
  readonly prices: PriceList | null;
  readonly times: Times;
}

const noDetails: Details = { rows: [], prices: null, times: {} };

/**
 * Results of one run: a function of stored data alone, so a killed run and an uninterrupted one give the same text, `times`
 * and `unknown` apart.
 */
export function runResults(
  record: RunRecord,
  labels: Labels = ownLabels(record),
  details: Details & { failure?: string | null } = noDetails,
): RunResults {
  const last = record.iterations.at(-1);
  const { failure = null, ...drawn } = details;
  const run = withoutDetails(record, labels, details.prices);
  return {
    ...run,
    failure,
    unknown: lost(last?.spend),
    ...billingOf([record]),
    analyses: analysesOf({ arms: armsOf([run]), runs: [run], ...drawn }),
    times: details.times,
  };
}

function withoutDetails(record: RunRecord, labels: Labels, prices: PriceList | null): ExperimentRun {
  return {
    format: 1,
    kind: 'run',
    run: record.run,
    experiment: record.experiment,
    labels,
    configSha256: createHash('sha256').update(canonicalJson(record.config)).digest('hex'),
    config: publishedConfig(record.config),
    state: record.state,
    endedBecause: record.endedBecause,
    curve: curveOf(record),
    iterations: record.iterations.map((iteration) => ({
      iteration: iteration.iteration,
      asked: iteration.asked,
      accepted: iteration.accepted,
      funnel: iteration.funnel ?? null,
      reasons: iteration.reasons ?? null,
      selection: iteration.selection.sha256,
      rows: iteration.rows.sha256,
      rejected: iteration.rejected.sha256,
      student: hashesOf(iteration.student),
      ...(iteration.droppedRows === undefined ? {} : { droppedRows: iteration.droppedRows }),
      answers: iteration.evaluation.answers.sha256,
    })),
    prepared: {
      pool: record.prepared.pool.sha256,
      tests: Object.fromEntries(Object.entries(record.prepared.tests).map(([name, ref]) => [name, ref.sha256])),
      base: hashesOf(record.prepared.base),
    },
    spend: spendOf(record, prices),
  };
}

/** Results of an experiment from whatever its runs have reached; arms and seeds in the order of the experiment's file. */
export function experimentResults(
  experiment: string,
  runs: readonly LabelledRun[],
  { failed = [], ...details }: Details & { failed?: ExperimentResults['failed'] } = noDetails,
): ExperimentResults {
  const records = runs.flatMap(({ record }) => (record === null ? [] : [record]));
  const results = runs.flatMap(({ labels, record }) =>
    record === null ? [] : [withoutDetails(record, labels, details.prices ?? null)],
  );
  const arms = armsOf(results);
  return {
    format: 1,
    kind: 'experiment',
    experiment,
    arms,
    comparisons: comparisons(arms, results, details.rows),
    notStarted: runs.filter(({ record }) => record === null).map(({ run }) => run),
    failed: [...failed],
    fairness: fairnessOf(results),
    runs: results,
    spend: total(results.map(({ spend }) => spend)),
    unknown: total(records.map(({ iterations }) => lost(iterations.at(-1)?.spend))),
    ...billingOf(records),
    analyses: analysesOf({ arms, runs: results, ...details }),
    times: details.times,
  };
}

/** The labels of a run that no experiment set apart. */
function ownLabels(record: RunRecord): Labels {
  return { strategy: record.config.strategy.name, seed: record.config.seed };
}

function curveOf(record: RunRecord): RunResults['curve'] {
  let rows = 0;
  const base = curvePoint({ iteration: 0, rows, spend: undefined, evaluation: record.baseEvaluation });
  const later = record.iterations.map(({ iteration, accepted, evaluation, spend }) => {
    rows += accepted;
    return curvePoint({ iteration, rows, spend, evaluation });
  });
  return [base, ...later];
}

function curvePoint(at: {
  iteration: number;
  rows: number;
  spend: Spend | undefined;
  evaluation: EvaluationSummary;
}): RunResults['curve'][number] {
  const { iteration, rows, evaluation } = at;
  const { inputTokens, outputTokens, usd } = settled(at.spend);
  const strata = Object.entries(evaluation.strata).map(([name, tally]) => [name, measured(tally)] as const);
  return {
    iteration,
    rows,
    inputTokens,
    outputTokens,
    usd,
    overall: measured(evaluation.overall),
    macro: macroAccuracyOf(evaluation.strata),
    strata: Object.fromEntries(strata),
    ...(evaluation.sampled === undefined ? {} : { sampled: sampledOf(evaluation.sampled) }),
  };
}

const sampledOf = ({ table: _, ...figures }: SampledEvaluation) => figures;

function measured(tally: Tally): TestAccuracy {
  const { correct, wellFormed, answered, total, truncated, unreadable, unmeasured, proof, scoreSum } = tally;
  const interval = tally.scoreInterval ?? wilsonInterval(correct, measuredOf(tally));
  const scores = scoreSum === undefined ? {} : { scoreSum };
  const proofs = proof === undefined ? {} : { proof };
  const cut = truncated === undefined ? {} : { truncated };
  const states = unreadable === undefined || unmeasured === undefined ? {} : { unreadable, unmeasured };
  const counts = { correct, wellFormed, answered, total, ...cut, ...states, ...scores, ...proofs };
  return { ...counts, accuracy: accuracyOf(tally), interval };
}

const hashesOf = (model: ModelRef) => ({ base: model.base.sha256, adapter: model.adapter?.sha256 ?? null });

function settled(spend: Spend | undefined): RunResults['spend'] {
  return {
    samples: spend?.samples ?? 0,
    inputTokens: spend?.inputTokens ?? 0,
    outputTokens: spend?.outputTokens ?? 0,
    usd: spend?.usd ?? 0,
  };
}

/**
 * What a run has spent: at its end as its record has it, before that as the ledger has it now, with the calls since the
 * last finished iteration.
 */
function spendOf({ run, state, iterations }: RunRecord, prices: PriceList | null): RunResults['spend'] {
  const recorded = settled(iterations.at(-1)?.spend);
  if (state !== 'running' || prices === null) {
    return recorded;
  }
  const own = prices.purchases.filter((purchase) => purchase.run === run);
  const sum = (of: (purchase: Purchase) => number) => own.reduce((total, purchase) => total + of(purchase), 0);
  return {
    samples: recorded.samples,
    inputTokens: sum(({ inputTokens }) => inputTokens),
    outputTokens: sum(({ outputTokens }) => outputTokens),
    usd: usdOf(sum(({ nanoUsd }) => nanoUsd)),
  };
}

function lost(spend: Spend | undefined): RunResults['unknown'] {
  return {
    calls: spend?.unknownCalls ?? 0,
    tokens: spend?.unknownTokens ?? 0,
    usd: spend?.unknownUsd ?? 0,
  };
}

function billingOf(records: readonly RunRecord[]): Pick<RunResults, 'billing'> {
  const flagged = records.flatMap(({ iterations }) => iterations.at(-1)?.spend.billing ?? []);
  return flagged.length === 0 ? {} : { billing: addBilling(flagged) };
}

/** Adds amounts key by key. */
function total<T extends Record<string, number> & { usd: number }>(parts: readonly T[]): T {
  const sum: Record<string, number> = {};
  for (const [key, value] of parts.flatMap((part) => Object.entries(part))) {
    sum[key] = (sum[key] ?? 0) + value;
  }
  return { ...(sum as T), usd: sumUsd(parts.map(({ usd }) => usd)) };
}

function armsOf(runs: readonly ExperimentRun[]): Arm[] {
  const byName = new Map<string, ExperimentRun[]>();
  for (const run of runs) {
    const name = armName(run.labels);
    byName.set(name, [...(byName.get(name) ?? []), run]);
  }
  return [...byName].map(([arm, members]) => {
    const { seed: _, ...labels } = (members[0] as ExperimentRun).labels;
    const bySeed = members.toSorted((left, right) => left.config.seed - right.config.seed);
    return {
      arm,
      labels,
      runs: bySeed.map(({ run }) => run),
      iterationsPlanned: Math.max(...members.map(({ config }) => config.iterations)),
      curve: armCurve(bySeed),
    };
  });
}

/** `loss` where only the strategy differs; else every label but the seed, by the last part of its key path. */
function armName(labels: Labels): string {
  const parts = [labels.strategy === undefined ? '' : String(labels.strategy), settingOf(labels)];
  return parts.filter((part) => part !== '').join(' ') || 'all';
}

/** Below, an interval of the mean is wider than what an accuracy can be. */
const SEEDS_FOR_INTERVAL = 3;

/** Two seeds give an interval that says nothing; the points do. No accuracy lies outside of 0 and 1. */
function withinUnit(spread: Spread): Spread {
  const { n, interval } = spread;
  const { low, high } = interval ?? { low: 0, high: 1 };
  return {
    ...spread,
    interval: n < SEEDS_FOR_INTERVAL ? null : { low: Math.max(0, low), high: Math.min(1, high) },
  };
}

/** Ends where the slowest run of the arm is: beyond it the mean would jump whenever a seed drops out. */
function armCurve(runs: readonly ExperimentRun[]): Arm['curve'] {
  const length = Math.min(...runs.map(({ curve }) => curve.length));
  return Array.from({ length }, (_, index) => {
    const points = runs.map(({ curve }) => curve[index] as ExperimentRun['curve'][number]);
    const spread = (values: (number | null)[]) => {
      const known = values.filter((value) => value !== null);
      return known.length === 0 ? null : withinUnit(spreadOf(known));
    };
    return {
      iteration: (points[0] as (typeof points)[number]).iteration,
      rows: spreadOf(points.map(({ rows }) => rows)).mean,
      overall: spread(points.map(({ overall }) => overall.accuracy)),
      macro: spread(points.map(({ macro }) => macro)),
    };
  });
}
