import type { Comparison, ExperimentResults, Metric, RunResults } from '../results-schema';
import { metricTitles, type Series, seriesOf } from '../series';
import { bracket, count, decimal, plural } from '../wording';
import { learningCurves, type Reach, stratumDots } from './charts';
import { type Html, html } from './html';
import type { ArmStrata } from './strata';

/** Colours of the arms by name; the baseline is grey, so that it lies back. */
export function coloursOf(results: RunResults | ExperimentResults): Map<string, string> {
  const colours = new Map<string, string>();
  let others = 0;
  for (const { name, isBaseline } of seriesOf(results, 'overall')) {
    others += isBaseline ? 0 : 1;
    colours.set(name, isBaseline ? 'var(--arm-0)' : `var(--arm-${((others - 1) % 6) + 1})`);
  }
  return colours;
}

/** One learning-curve figure with the numbers behind it, or nothing where the metric was not measured. */
export function curveFigure(results: RunResults | ExperimentResults, metric: Metric): Html | null {
  const series = seriesOf(results, metric);
  if (series.length === 0) {
    return null;
  }
  const seeds = Math.max(...series.map((one) => one.seeds.length));
  const title = `${metricTitles[metric]} against rows bought`;
  const comparisons = results.kind === 'run' ? [] : results.comparisons.filter((found) => found.metric === metric);
  return html`<figure>
<figcaption><strong>${title}</strong>${metricMeaning(metric)} ${marksMeaning(seeds, metric)}</figcaption>
${learningCurves(series, {
  title,
  description: series.map(inWords).join(' '),
  reaches: comparisons.length <= 3 ? comparisons.flatMap(reachOf) : [],
  colours: coloursOf(results),
})}
<details><summary>The numbers of this figure</summary>${curveTable(series, title)}</details>
</figure>`;
}

/** Where each arm ended in each stratum; with very many strata only the table is readable. */
export function strataFigure(arms: readonly ArmStrata[], colours: ReadonlyMap<string, string>): Html | null {
  const strata = arms[0]?.strata ?? [];
  if (strata.length === 0 || strata.length > 40) {
    return null;
  }
  const dots = arms.flatMap(({ name, strata: own }) =>
    own.map(({ stratum, last }) => ({ stratum, name, accuracy: last })),
  );
  const base = strata.map(({ stratum, first }) => ({ stratum, name: 'base student', accuracy: first }));
  const title = 'Accuracy by stratum';
  const legend = arms.map(
    ({ name }) => html`<span style="white-space:nowrap">${swatch(colours.get(name))}${name}</span> `,
  );
  return html`<figure class="wide">
<figcaption><strong>${title}</strong>${legend} at the end; the upright tick is the base student.</figcaption>
${stratumDots(dots, {
  title,
  description: `For each of ${strata.length} strata, the accuracy of the base student and of ${arms.map(({ name }) => name).join(', ')} at the end. The table below has the numbers.`,
  base,
  colours,
})}
</figure>`;
}

export const swatch = (colour: string | undefined): Html =>
  html`<span class="swatch" style="background:${colour ?? 'currentColor'}"></span>`;

function reachOf({ arm, target, rowsToReach, baselineRows, timesFewer, conclusion }: Comparison): Reach[] {
  return conclusion === 'above' && rowsToReach.reached && timesFewer !== null
    ? [{ arm, target, fromRows: rowsToReach.rows, toRows: baselineRows, label: `${timesFewer.toFixed(1)}× fewer rows` }]
    : [];
}

const metricMeaning = (metric: Metric) =>
  metric === 'macro' ? 'Mean over the strata, each counting once.' : 'Over the test set that is drawn like the pool.';

function marksMeaning(seeds: number, metric: Metric): string {
  if (seeds === 0) {
    return metric === 'overall' ? 'Band: 95 % interval over the questions.' : '';
  }
  const band = seeds > 1 ? ' Band: 95 % interval of the mean. Thin lines: single seeds.' : '';
  return `Heavy line: mean over ${plural(seeds, 'random seed')}.${band}`;
}

function inWords({ name, points }: Series): string {
  const [first, last] = [points[0], points.at(-1)];
  return first === undefined || last === undefined
    ? ''
    : `${name} goes from ${decimal(first.accuracy)} at ${count(first.rows)} rows to ${decimal(last.accuracy)} at ${count(last.rows)} rows.`;
}

function curveTable(series: readonly Series[], title: string): Html {
  const rows = series.flatMap(({ name, points }) =>
    points.map(
      ({ rows: bought, accuracy, interval }) => html`<tr><th scope="row">${name}</th>
<td class="number">${count(bought)}</td><td class="number">${decimal(accuracy)}</td><td class="interval">${bracket(interval)}</td></tr>`,
    ),
  );
  return html`<div class="scroll"><table><caption>${title}</caption>
<thead><tr><th scope="col">arm</th><th scope="col" class="number">rows</th><th scope="col" class="number">accuracy</th><th scope="col">95 % interval</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}
