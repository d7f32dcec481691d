import type { Interval } from '../core/statistics/interval';
import type { Comparison, ExperimentResults, RunResults } from './results-schema';

/** Numbers and findings in words, the same in the terminal and in the report. */

export const count = (value: number) => Math.round(value).toLocaleString('en-US');

export const decimal = (value: number | null) => (value === null ? 'n/a' : value.toFixed(3));

export const signed = (value: number) => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(3)}`;

export const bracket = (interval: Interval | null, format: (value: number) => string = decimal) =>
  interval === null ? '' : `[${format(interval.low)}, ${format(interval.high)}]`;

export const plural = (amount: number, noun: string) => `${count(amount)} ${noun}${amount === 1 ? '' : 's'}`;

/** USD with as many decimals as a small bill needs. */
export const usd = (micro: number) => `USD ${(micro / 1e6).toFixed(micro !== 0 && micro < 1e4 ? 4 : 2)}`;

/** The findings of a comparison, the difference first. No claim without an interval. */
export function findings(comparison: Comparison, isFinal: boolean): string[] {
  const { arm, baseline, metric, conclusion, baselineRows, rowsToReach, timesFewer, target } = comparison;
  const when = `at ${count(baselineRows)} rows`;
  const by = `${signed(comparison.difference.mean)} ${bracket(comparison.difference.interval, signed)}`.trim();
  if (conclusion === 'one seed') {
    return [`${arm} against ${baseline} in ${metric} accuracy ${when}: ${by}, one seed only, so no claim`];
  }
  if (conclusion === 'not distinguishable') {
    return [`${arm} is not distinguishable from ${baseline} in ${metric} accuracy ${when}: ${by}`];
  }
  const goal = `${baseline}'s ${isFinal ? 'final ' : ''}${metric} accuracy${isFinal ? '' : ` ${when}`}`;
  const factor = timesFewer === null ? '' : ` (x${`${timesFewer.toFixed(1)} ${factorInterval(comparison)}`.trim()})`;
  return [
    `${arm} is ${conclusion} ${baseline} in ${metric} accuracy ${when}: ${by}`,
    rowsToReach.reached
      ? `${arm} reached ${goal} with ${count(rowsToReach.rows)} of ${count(baselineRows)} rows${factor}`
      : `${arm} did not reach ${goal}, ${decimal(target)}`,
  ];
}

/** The interval of how many times fewer rows an arm needed. */
export function factorInterval({ timesFewerInterval: interval }: Comparison): string {
  const end = (value: number | null) => (value === 0 ? 'not reached' : (value?.toFixed(1) ?? 'no rows'));
  return interval === null ? '' : `[${end(interval.low)}, ${end(interval.high)}]`;
}

/** How far a run or an experiment has come, in one line. */
export function stateLine(results: RunResults | ExperimentResults): string {
  if (results.kind === 'run') {
    const done = `iteration ${results.iterations.length} of ${results.config.iterations}`;
    const why = results.endedBecause === null ? '' : `, ended by: ${results.endedBecause}`;
    return `${results.state}, ${done}${why}`;
  }
  const inState = (state: RunResults['state']) => results.runs.filter((run) => run.state === state).length;
  const all = results.runs.length + results.notStarted.length;
  if (inState('complete') === all) {
    return `complete, ${plural(all, 'run')}`;
  }
  const parts: [number, string][] = [
    [inState('complete'), 'complete'],
    [inState('running'), 'running'],
    [inState('stopped'), 'stopped'],
    [results.notStarted.length, 'not started'],
  ];
  const told = parts.filter(([amount]) => amount > 0).map(([amount, state]) => `${amount} ${state}`);
  return `${plural(all, 'run')}: ${told.join(', ')}`;
}

/** True when nothing of the results can still change. */
export function isComplete(results: RunResults | ExperimentResults): boolean {
  return results.kind === 'run'
    ? results.state === 'complete'
    : results.notStarted.length === 0 && results.runs.every(({ state }) => state === 'complete');
}

/** What was spent, in one line. A teacher without a price has no sum in USD. */
export function spendLine(results: RunResults | ExperimentResults): string {
  const { spend } = results;
  const priced = runsOf(results).some(({ config }) => config.teacher.price !== undefined);
  const tokens = `${count(spend.inputTokens)} teacher tokens in, ${count(spend.outputTokens)} out`;
  return `${plural(spend.samples, 'row')}, ${tokens}${priced ? `, ${usd(spend.priceMicroUsd)}` : ''}`;
}

/**
 * What was paid, in one line: a budget counts an answer in every run that uses it, the bill counts it once. `null` where
 * no two are equal, so that budget and bill say the same.
 */
export function billLine(results: RunResults | ExperimentResults): string | null {
  const once = results.analyses?.once ?? null;
  if (once === null || once.answers === once.distinctAnswers) {
    return null;
  }
  const priced = runsOf(results).some(({ config }) => config.teacher.price !== undefined);
  const tokens = `${count(once.distinctInputTokens)} teacher tokens in, ${count(once.distinctOutputTokens)} out`;
  const price = priced ? `, ${usd(once.distinctMicroUsd)}` : '';
  return `${count(once.distinctAnswers)} of ${count(once.answers)} answers, the others are shared: ${tokens}${price}`;
}

/** The caps of one run; `null` where there are none. */
export function budgetLine(results: RunResults | ExperimentResults): string | null {
  const budget = runsOf(results)[0]?.config.budget;
  const caps = [
    budget?.samples === undefined ? [] : [`${count(budget.samples)} rows`],
    budget?.tokens === undefined ? [] : [`${count(budget.tokens)} tokens`],
    budget?.usd === undefined ? [] : [usd(budget.usd * 1e6)],
  ].flat();
  return caps.length === 0 ? null : caps.join(', ');
}

/** What calls with a lost outcome hold back; `null` where there are none. */
export function unknownLine(results: RunResults | ExperimentResults): string | null {
  const { calls, tokens, microUsd } = results.unknown;
  if (calls === 0) {
    return null;
  }
  const rows = rowsHeldBack(results);
  const notBought = rows === 0 ? '' : `: about ${plural(rows, 'row')} not bought`;
  return `${plural(calls, 'call')} with unknown outcome, at most ${count(tokens)} tokens and ${usd(microUsd)} held back${notBought}`;
}

/** Rows that were wanted and did not come, with what the rejected ones were rejected for; `null` where none is missing. */
export function shortfallLine(results: RunResults | ExperimentResults): string | null {
  const ended = runsOf(results).filter(
    ({ endedBecause }) => endedBecause === 'iterations' || endedBecause === 'budget',
  );
  const missing = ended.map(({ config, iterations }) => {
    const planned = config.iterations * config.samples_per_iteration;
    const accepted = iterations.reduce((sum, iteration) => sum + iteration.accepted, 0);
    return Math.min(planned, config.budget.samples ?? planned) - accepted;
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
  return `${plural(short, 'row')} fewer than planned${told === '' ? '' : `; rejected picks: ${told}`}`;
}

/** How many rows more the caps would have allowed, at the mean price of the others, had no outcome been lost. */
function rowsHeldBack(results: RunResults | ExperimentResults): number {
  const { spend, unknown } = results;
  const bound = runsOf(results).filter(({ endedBecause }) => endedBecause === 'budget');
  const isCapped = (cap: 'tokens' | 'usd') => bound.some(({ config }) => config.budget[cap] !== undefined);
  const rows = (held: number, spent: number) => (spent === 0 ? 0 : Math.floor((held * spend.samples) / spent));
  return Math.max(
    isCapped('tokens') ? rows(unknown.tokens, spend.inputTokens + spend.outputTokens) : 0,
    isCapped('usd') ? rows(unknown.microUsd, spend.priceMicroUsd) : 0,
  );
}

const runsOf = (results: RunResults | ExperimentResults) => (results.kind === 'run' ? [results] : results.runs);
