import { formatUsd } from '../core/budget/price';
import { plannedRows } from '../core/run-plan-rows';
import type { Interval } from '../core/statistics/interval';
import type { Comparison, ExperimentResults, RunResults } from './results-schema';

/** Numbers and findings in words, the same in the terminal and the report. */

export const count = (value: number) => Math.round(value).toLocaleString('en-US');

export const decimal = (value: number | null) => (value === null ? 'n/a' : value.toFixed(3));

export const signed = (value: number) => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(3)}`;

export const bracket = (interval: Interval | null, format: (value: number) => string = decimal) =>
  interval === null ? '' : `[${format(interval.low)}, ${format(interval.high)}]`;

/** A count with its noun: `1 run`, `2,400 rows`, `3 queries`. */
export const plural = (amount: number, noun: string, nouns = `${noun}s`) =>
  `${count(amount)} ${amount === 1 ? noun : nouns}`;

/** The findings of a comparison, the difference first. No claim without an interval, and no factor without a difference. */
export function findings(comparison: Comparison, isFinal: boolean, measure = 'accuracy'): string[] {
  const { arm, baseline, metric, conclusion, difference, baselineRows, rowsToReach, timesFewer, target } = comparison;
  if (difference === null) {
    return [`${arm} and ${baseline} cannot be compared yet: one of their runs has bought nothing`];
  }
  const between = comparison.iteration === null ? ', between two iterations' : '';
  const when = `at ${plural(Math.round(baselineRows), 'row')}${between}`;
  const by = `${signed(difference.mean)} ${bracket(difference.interval, signed)}${probabilities(comparison)}`.trim();
  if (conclusion === 'one seed') {
    return [`${arm} against ${baseline} in ${metric} ${measure} ${when}: ${by} (one seed, so no claim)`];
  }
  if (conclusion === 'not distinguishable') {
    return [`${arm} is not distinguishable from ${baseline} in ${metric} ${measure} ${when}: ${by}`];
  }
  const goal = `${baseline}'s ${isFinal ? 'final ' : ''}${metric} ${measure}${isFinal ? '' : ` ${when}`}`;
  const factor = timesFewer === null ? '' : ` (x${`${factorText(timesFewer)} ${factorInterval(comparison)}`.trim()})`;
  const below =
    timesFewer === null || timesFewer === 0 ? '' : `; ${baseline} needs x${factorText(timesFewer)} its rows`;
  return [
    `${arm} is ${conclusion} ${baseline} in ${metric} ${measure} ${when}: ${by}`,
    rowsToReach.reached
      ? `${arm} reached ${goal} with ${count(rowsToReach.rows)} of ${count(baselineRows)} rows${factor}`
      : `${arm} did not reach ${goal}, ${decimal(target)}${below}`,
  ];
}

/** The p-value of the paired t-test, and what is left of it among all arms; nothing for one pair. */
function probabilities({ difference, pHolm }: Comparison): string {
  const p = difference?.p ?? null;
  if (p === null) {
    return '';
  }
  return pHolm === null || pHolm === p
    ? `, p ${probability(p)}`
    : `, p ${probability(p)}, by Holm ${probability(pHolm)}`;
}

export const probability = (p: number) => (p < 0.001 ? '< 0.001' : p.toFixed(3));

/** A ratio of costs: two digits that count on either side of 1. */
export const factorText = (factor: number) => (factor < 1 ? factor.toFixed(2) : factor.toFixed(1));

/** The interval of how many times the arm's cost the baseline needs. */
export function factorInterval({ timesFewerInterval: interval }: Pick<Comparison, 'timesFewerInterval'>): string {
  const end = (value: number | null) => (value === null ? 'no limit' : factorText(value));
  return interval === null ? '' : `[${end(interval.low)}, ${end(interval.high)}]`;
}

/** Why a run ended, as `run.json` has it, in words. */
const endReasons: Readonly<Record<string, string>> = {
  iterations: 'all iterations done',
  budget: 'budget spent',
  stopped: 'stopped by a person',
};

/** The progress of a run or an experiment in one line. */
export function stateLine(results: RunResults | ExperimentResults): string {
  if (results.kind === 'run') {
    const done = `iteration ${results.iterations.length} of ${results.config.iterations}`;
    const why = results.endedBecause === null ? '' : ` (${endReasons[results.endedBecause] ?? results.endedBecause})`;
    return results.failure === null ? `${results.state}, ${done}${why}` : `failed, ${done}: ${results.failure}`;
  }
  const failed = new Set(results.failed.map(({ run }) => run));
  const inState = (state: RunResults['state']) =>
    results.runs.filter((run) => run.state === state && !failed.has(run.run)).length;
  const all = results.runs.length + results.notStarted.length;
  if (inState('complete') === all) {
    return `complete, ${plural(all, 'run')}`;
  }
  const parts: [number, string][] = [
    [inState('complete'), 'complete'],
    [inState('running'), 'running'],
    [inState('stopped'), 'stopped'],
    [failed.size, 'failed'],
    [results.notStarted.filter((run) => !failed.has(run)).length, 'not started'],
  ];
  const told = parts.filter(([amount]) => amount > 0).map(([amount, state]) => `${amount} ${state}`);
  return `${plural(all, 'run')}: ${told.join(', ')}`;
}

/** True if the results can no longer change. */
export function isComplete(results: RunResults | ExperimentResults): boolean {
  return results.kind === 'run'
    ? results.state === 'complete'
    : results.notStarted.length === 0 && results.runs.every(({ state }) => state === 'complete');
}

/** What was spent, in one line; in USD only if the teacher has a price. */
export function spendLine(results: RunResults | ExperimentResults): string {
  const { spend } = results;
  const priced = runsOf(results).some(({ config }) => config.teacher.price !== undefined);
  const tokens = `${count(spend.inputTokens)} teacher tokens in, ${count(spend.outputTokens)} out`;
  return `${plural(spend.samples, 'row')}, ${tokens}${priced ? `, ${formatUsd(spend.usd)}` : ''}`;
}

/**
 * What was paid, in one line: a budget counts an answer in every run that uses it, the bill counts it once. `null` if no
 * answer is shared, so that budget and bill are equal.
 */
export function billLine(results: RunResults | ExperimentResults): string | null {
  const once = results.analyses?.once ?? null;
  if (once === null || once.answers === once.distinctAnswers) {
    return null;
  }
  const priced = runsOf(results).some(({ config }) => config.teacher.price !== undefined);
  const tokens = `${count(once.distinctInputTokens)} teacher tokens in, ${count(once.distinctOutputTokens)} out`;
  const price = priced ? `, ${formatUsd(once.distinctUsd)}` : '';
  return `${count(once.distinctAnswers)} of ${count(once.answers)} answers, the rest reused: ${tokens}${price}`;
}

/** The caps of one run; `null` without caps. */
export function budgetLine(results: RunResults | ExperimentResults): string | null {
  const budget = runsOf(results)[0]?.config.budget;
  const caps = [
    budget?.samples === undefined ? [] : [`${count(budget.samples)} rows`],
    budget?.tokens === undefined ? [] : [`${count(budget.tokens)} tokens`],
    budget?.usd === undefined ? [] : [formatUsd(budget.usd)],
  ].flat();
  return caps.length === 0 ? null : caps.join(', ');
}

/** What is reserved for calls whose outcome was lost; `null` if there are none. */
export function unknownLine(results: RunResults | ExperimentResults): string | null {
  const { calls, tokens, usd: amount } = results.unknown;
  if (calls === 0) {
    return null;
  }
  const rows = rowsHeldBack(results);
  const notBought = rows === 0 ? '' : `; without them about ${plural(rows, 'more row')} could have been bought`;
  return `${plural(calls, 'call')} with unknown outcome, at most ${count(tokens)} tokens and ${formatUsd(amount)} reserved for them${notBought}`;
}

/** Calls whose reported usage was not what their request allows; `null` if there are none. */
export function billingLine({ billing }: { readonly billing?: RunResults['billing'] | undefined }): string | null {
  if (billing === undefined) {
    return null;
  }
  const { aboveWorstCalls, aboveWorstTokens, aboveWorstUsd, absurdCalls, estimatedCalls } = billing;
  const price = aboveWorstUsd > 0 ? ` and ${formatUsd(aboveWorstUsd)}` : '';
  const parts: [number, string][] = [
    [aboveWorstCalls, `billed above the worst case, by ${plural(aboveWorstTokens, 'token')}${price} in all`],
    [absurdCalls, 'with a usage that cannot be true, booked at the worst case'],
    [estimatedCalls, 'without a usable token count, estimated from the texts'],
  ];
  const told = parts.filter(([calls]) => calls > 0).map(([calls, what]) => `${plural(calls, 'call')} ${what}`);
  return told.length === 0 ? null : told.join('; ');
}

/** Planned rows that are missing, with the most frequent reasons for rejection; `null` if none is missing. */
export function shortfallLine(results: RunResults | ExperimentResults): string | null {
  const ended = runsOf(results).filter(
    ({ endedBecause }) => endedBecause === 'iterations' || endedBecause === 'budget',
  );
  const missing = ended.map(({ config, iterations }) => {
    const accepted = iterations.reduce((sum, iteration) => sum + iteration.accepted, 0);
    return plannedRows(config) - accepted;
  });
  const short = missing.reduce((sum, rows) => sum + rows, 0);
  if (short === 0) {
    return null;
  }
  const reasons = new Map<string, number>();
  for (const { iterations } of ended.filter((_, index) => (missing[index] ?? 0) > 0)) {
    for (const [reason, picks] of iterations.flatMap((iteration) => Object.entries(iteration.reasons ?? {}))) {
      reasons.set(reason, (reasons.get(reason) ?? 0) + picks);
    }
  }
  const most = [...reasons].sort((left, right) => right[1] - left[1]).slice(0, 3);
  const told = most.map(([reason, picks]) => `${count(picks)} x ${reason}`).join('; ');
  return `${plural(short, 'row')} fewer than planned${told === '' ? '' : `; rejected: ${told}`}`;
}

/** Rows that the caps would have allowed in addition, at the mean price of the others, had no outcome been lost. */
function rowsHeldBack(results: RunResults | ExperimentResults): number {
  const { spend, unknown } = results;
  const bound = runsOf(results).filter(({ endedBecause }) => endedBecause === 'budget');
  const isCapped = (cap: 'tokens' | 'usd') => bound.some(({ config }) => config.budget[cap] !== undefined);
  const rows = (reserved: number, spent: number) => (spent === 0 ? 0 : Math.floor((reserved * spend.samples) / spent));
  return Math.max(
    isCapped('tokens') ? rows(unknown.tokens, spend.inputTokens + spend.outputTokens) : 0,
    isCapped('usd') ? rows(unknown.usd, spend.usd) : 0,
  );
}

const runsOf = (results: RunResults | ExperimentResults) => (results.kind === 'run' ? [results] : results.runs);
