import { formatUsd } from '../../core/budget/price';
import { count, plural } from '../phrases';
import type { ExperimentResults, RunResults } from '../results-schema';
import { stageBars } from './analysis-charts';
import { figure, legend } from './figures';
import { type Html, html } from './html';
import type { Colours } from './plot';
import { named, table } from './tables';

type Results = RunResults | ExperimentResults;

/** The arms with their runs; a single run is an arm of its own. */
export function groupsOf(results: Results): { name: string; members: ExperimentResults['runs'] }[] {
  return results.kind === 'run'
    ? [{ name: results.config.strategy.name, members: [results] }]
    : results.arms.map(({ arm, runs: names }) => ({
        name: arm,
        members: results.runs.filter(({ run }) => names.includes(run)),
      }));
}

/** What happened to the picks, from the first question to the accepted row. */
export function funnelFigure(results: Results, colours: Colours): Html | null {
  const stages = ['asked', 'answered', 'parsed', 'new', 'clean', 'verified', 'accepted'] as const;
  const bars = groupsOf(results).flatMap(({ name, members }) => {
    const funnels = members.flatMap(({ iterations }) => iterations.map(({ funnel }) => funnel));
    return funnels.length === 0 || funnels.includes(null)
      ? []
      : stages.map((stage) => ({
          name,
          stage,
          value: funnels.reduce((sum, funnel) => sum + (funnel?.[stage] ?? 0), 0),
        }));
  });
  if (bars.length === 0) {
    return null;
  }
  const names = [...new Set(bars.map(({ name }) => name))];
  const title = 'From pick to row';
  return figure({
    id: 'funnel',
    title,
    caption: html`Picks that passed each stage and all before it: the teacher answered, question and answer could be parsed, the question is new, it is in no test set, the answer was not found wrong. ${legend(names, colours)}`,
    chart: stageBars(bars, {
      title,
      description: names
        .map((name) => {
          const at = (stage: string) => count(bars.find((bar) => bar.name === name && bar.stage === stage)?.value ?? 0);
          return `${name}: ${at('asked')} asked, ${at('accepted')} accepted.`;
        })
        .join(' '),
      colours,
      xLabel: 'picks, sum over runs',
      format: count,
    }),
    table: table({
      caption: 'Picks that passed each stage, sum over the runs of an arm.',
      columns: [['arm'], ...stages.map((stage) => [stage, 'number'] as const)],
      rows: names.map((name) => [
        named(name, colours),
        ...stages.map((stage) => count(bars.find((bar) => bar.name === name && bar.stage === stage)?.value ?? 0)),
      ]),
    }),
    isWide: true,
  });
}

/** Seconds of each step, mean over the runs of an arm. */
export function timeFigure(results: Results, colours: Colours): Html | null {
  const bars = groupsOf(results).flatMap(({ name, members }) => {
    const times = members.map(({ run }) => Object.values(results.times[run] ?? {}));
    const steps = [...new Set(times.flat().flatMap((one) => Object.keys(one.steps)))];
    return steps.map((stage) => ({
      name,
      stage,
      value: times.flat().reduce((sum, one) => sum + (one.steps[stage] ?? 0), 0) / members.length,
    }));
  });
  const shown = bars.filter(({ stage }) =>
    bars.some((bar) => bar.stage === stage && bar.value >= 0.02 * Math.max(...bars.map(({ value }) => value))),
  );
  if (shown.length === 0) {
    return null;
  }
  const names = [...new Set(shown.map(({ name }) => name))];
  const steps = [...new Set(bars.map(({ stage }) => stage))];
  const title = 'Time by step';
  const seconds = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} s`;
  return figure({
    id: 'time',
    title,
    caption: html`Seconds of a run by step, without the base student. Only attempts that succeeded count; a step whose result another run already had takes almost no time. ${legend(names, colours)}`,
    chart: stageBars(shown, {
      title,
      description: names
        .map(
          (name) =>
            `${name}: ${seconds(bars.filter((bar) => bar.name === name).reduce((sum, bar) => sum + bar.value, 0))} a run.`,
        )
        .join(' '),
      colours,
      xLabel: 'seconds of a run, mean',
      format: seconds,
    }),
    table: table({
      caption: 'Seconds by step, mean over the runs of an arm.',
      columns: [['arm'], ...steps.map((step) => [step, 'number'] as const)],
      rows: names.map((name) => [
        named(name, colours),
        ...steps.map((step) => (bars.find((bar) => bar.name === name && bar.stage === step)?.value ?? 0).toFixed(1)),
      ]),
    }),
    isWide: true,
  });
}

/** Calls by purpose, and what was bought once for several runs. */
export function purchaseTable(results: Results, colours: Colours): Html | null {
  const { purchases, once } = results.analyses;
  if (purchases.length === 0) {
    return null;
  }
  const names = {
    question: 'new questions',
    answer: 'answers to them',
    agreement: 'further answers, for agreement',
    judge: 'grades',
    lion: 'grades, both orders',
    verdict: 'grades of test answers',
  };
  const isPriced = purchases.some((one) => one.usd > 0);
  const price = (amount: number) => (isPriced ? formatUsd(amount) : 'no price set');
  return html`${table({
    caption: 'Calls by purpose.',
    columns: [
      ['arm'],
      ['purpose'],
      ['answers', 'number'],
      ['input tokens', 'number'],
      ['output tokens', 'number'],
      ['price', 'number'],
    ],
    rows: purchases.map((one) => [
      named(one.arm, colours),
      names[one.purpose],
      count(one.answers),
      count(one.inputTokens),
      count(one.outputTokens),
      price(one.usd),
    ]),
    ...(once === null
      ? {}
      : {
          foot: [
            'bought, each once',
            '',
            count(once.distinctAnswers),
            count(once.distinctInputTokens),
            count(once.distinctOutputTokens),
            price(once.distinctUsd),
          ],
        }),
  })}${once === null ? null : html`<p class="note">${onceInWords(once)}</p>`}`;
}

function onceInWords(once: NonNullable<Results['analyses']['once']>): string {
  const shared = once.answers - once.distinctAnswers;
  const of = once.baseStudents === 1 ? 'it' : 'them';
  return `What is equal between runs is bought or computed once: ${count(shared)} of ${plural(once.answers, 'answer')} ${shared === 1 ? 'was' : 'were'} reused; ${plural(once.runs, 'run')} used ${plural(once.baseStudents, 'base student')} and ${plural(once.baseEvaluations, 'evaluation')} of ${of}.`;
}
