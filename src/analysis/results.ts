import { createHash } from 'node:crypto';
import type { ModelRef } from '../core/artifact-ref';
import { canonicalJson } from '../core/canonical-json';
import type { EvaluationSummary, RunRecord, Spend, Tally } from '../core/run-record';
import { accuracyOf, macroAccuracyOf } from '../core/statistics/accuracy';
import { spreadOf } from '../core/statistics/spread';
import { wilsonInterval } from '../core/statistics/wilson';
import type { PriceList } from '../store/ledger/prices';
import { analysesOf } from './analyses';
import { comparisons } from './comparison';
import type { RunRows } from './data/load-rows';
import { fairnessOf } from './fairness';
import type { Arm, ExperimentResults, ExperimentRun, Labels, Measured, RunResults, Times } from './results-schema';
import { settingOf } from './settings';

/** A run of an experiment; `record` is `null` until the run has evaluated its base. */
export interface LabelledRun {
  readonly run: string;
  readonly labels: Labels;
  readonly record: RunRecord | null;
}

/** What lies beside the records: rows, prices and times. Empty where only the records are known. */
export interface Details {
  readonly rows: readonly RunRows[];
  readonly prices: PriceList | null;
  readonly times: Times;
}

const noDetails: Details = { rows: [], prices: null, times: {} };

/**
 * Results of one run: a function of stored data alone, so a killed run and an undisturbed one give the same text, `times`
 * and `unknown` apart.
 */
export function runResults(
  record: RunRecord,
  labels: Labels = ownLabels(record),
  details: Details = noDetails,
): RunResults {
  const last = record.iterations.at(-1);
  const run = withoutDetails(record, labels);
  return {
    ...run,
    unknown: lost(last?.spend),
    analyses: analysesOf({ arms: armsOf([run]), runs: [run], ...details }),
    times: details.times,
  };
}

function withoutDetails(record: RunRecord, labels: Labels): ExperimentRun {
  const last = record.iterations.at(-1);
  return {
    format: 1,
    kind: 'run',
    run: record.run,
    experiment: record.experiment,
    labels,
    configSha256: createHash('sha256').update(canonicalJson(record.config)).digest('hex'),
    config: record.config,
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
      answers: iteration.evaluation.answers.sha256,
    })),
    prepared: {
      pool: record.prepared.pool.sha256,
      tests: Object.fromEntries(Object.entries(record.prepared.tests).map(([name, ref]) => [name, ref.sha256])),
      base: hashesOf(record.prepared.base),
    },
    spend: settled(last?.spend),
  };
}

/** Results of an experiment from whatever its runs have reached; arms and seeds in the order of the experiment's file. */
export function experimentResults(
  experiment: string,
  runs: readonly LabelledRun[],
  { failed = [], ...details }: Details & { failed?: ExperimentResults['failed'] } = noDetails,
): ExperimentResults {
  const records = runs.flatMap(({ record }) => (record === null ? [] : [record]));
  const results = runs.flatMap(({ labels, record }) => (record === null ? [] : [withoutDetails(record, labels)]));
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
  const { inputTokens, outputTokens, priceMicroUsd } = settled(at.spend);
  const strata = Object.entries(evaluation.strata).map(([name, tally]) => [name, measured(tally)] as const);
  return {
    iteration,
    rows,
    inputTokens,
    outputTokens,
    priceMicroUsd,
    overall: measured(evaluation.overall),
    macro: macroAccuracyOf(evaluation.strata),
    strata: Object.fromEntries(strata),
  };
}

function measured(tally: Tally): Measured {
  const { correct, wellFormed, answered, total, proof } = tally;
  const interval = wilsonInterval(correct, total);
  const proofs = proof === undefined ? {} : { proof };
  return { correct, wellFormed, answered, total, ...proofs, accuracy: accuracyOf(tally), interval };
}

const hashesOf = (model: ModelRef) => ({ base: model.base.sha256, adapter: model.adapter?.sha256 ?? null });

function settled(spend: Spend | undefined): RunResults['spend'] {
  return {
    samples: spend?.samples ?? 0,
    inputTokens: spend?.inputTokens ?? 0,
    outputTokens: spend?.outputTokens ?? 0,
    priceMicroUsd: spend?.priceMicroUsd ?? 0,
  };
}

function lost(spend: Spend | undefined): RunResults['unknown'] {
  return {
    calls: spend?.unknownCalls ?? 0,
    tokens: spend?.unknownTokens ?? 0,
    microUsd: spend?.unknownMicroUsd ?? 0,
  };
}

/** Adds objects of numbers key by key. */
function total<T extends Record<string, number>>(parts: readonly T[]): T {
  const sum: Record<string, number> = {};
  for (const [key, value] of parts.flatMap((part) => Object.entries(part))) {
    sum[key] = (sum[key] ?? 0) + value;
  }
  return sum as T;
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
      curve: meanCurve(bySeed),
    };
  });
}

/** `loss` where only the strategy differs; else every label but the seed, by the last part of its key path. */
function armName(labels: Labels): string {
  const parts = [labels.strategy === undefined ? '' : String(labels.strategy), settingOf(labels)];
  return parts.filter((part) => part !== '').join(' ') || 'all';
}

/** Ends where the slowest run of the arm is: beyond it the mean would jump whenever a seed drops out. */
function meanCurve(runs: readonly ExperimentRun[]): Arm['curve'] {
  const length = Math.min(...runs.map(({ curve }) => curve.length));
  return Array.from({ length }, (_, index) => {
    const points = runs.map(({ curve }) => curve[index] as ExperimentRun['curve'][number]);
    const spread = (values: (number | null)[]) => {
      const known = values.filter((value) => value !== null);
      return known.length === 0 ? null : spreadOf(known);
    };
    return {
      iteration: (points[0] as (typeof points)[number]).iteration,
      rows: spreadOf(points.map(({ rows }) => rows)).mean,
      overall: spread(points.map(({ overall }) => overall.accuracy)),
      macro: spread(points.map(({ macro }) => macro)),
    };
  });
}
