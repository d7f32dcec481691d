import { formatUsd } from '../../core/budget/price';
import { type Axis, axesOf, axisTitles } from '../axis';
import { bracket, count, decimal, plural } from '../phrases';
import { type Comparison, type ExperimentResults, type Metric, measureOf, type RunResults } from '../results-schema';
import { metricTitle, type Series, seriesOf } from '../series';
import { settingOf } from '../settings';
import { learningCurves, type Reach, stratumDots } from './charts';
import { type Html, html, swatch, trusted } from './html';
import type { ArmStrata } from './strata';
import { strataTable, table } from './tables';

/** Colours of the arms by name; the baseline is grey, so that it stays in the background. */
export function coloursOf(results: RunResults | ExperimentResults): Map<string, string> {
  const colours = new Map<string, string>();
  // Counted from the start in each setting, so that a strategy has one colour everywhere.
  const others = new Map<string, number>();
  const settings = new Map(
    results.kind === 'run' ? [] : results.arms.map(({ arm, labels }) => [arm, settingOf(labels)]),
  );
  for (const { name, isBaseline } of seriesOf(results, 'overall')) {
    const setting = settings.get(name) ?? '';
    const index = (others.get(setting) ?? 0) + (isBaseline ? 0 : 1);
    others.set(setting, index);
    colours.set(name, isBaseline ? 'var(--arm-0)' : `var(--arm-${((index - 1) % 6) + 1})`);
  }
  return colours;
}

/** One learning-curve figure for every axis with numbers, or `null` if the metric was not measured. */
export function curveFigure(results: RunResults | ExperimentResults, metric: Metric, look: Look): Html | null {
  const series = seriesOf(results, metric);
  if (series.length === 0) {
    return null;
  }
  const seeds = Math.max(...series.map((one) => one.seeds.length));
  const runs = results.kind === 'run' ? [results] : results.runs;
  const axes = axesOf(runs, results.times);
  const comparisons = results.kind === 'run' ? [] : results.comparisons.filter((found) => found.metric === metric);
  const charts = axes.map((axis) => {
    const own = seriesOf(results, metric, axis);
    const chart = learningCurves(own, {
      title: `${metricTitle(metric, results)} against ${axisTitles[axis]}`,
      description: own.map((one) => inWords(one, axis)).join(' '),
      reaches: axis === 'rows' && comparisons.length <= 3 ? comparisons.flatMap(reachOf) : [],
      colours: look.colours,
      xLabel: axisTitles[axis],
      yLabel: measureOf(results),
    });
    return html`<div class="by-${axis}">${chart}</div>`;
  });
  return figure({
    id: `curve-${metric}`,
    title: `${metricTitle(metric, results)}, learning curves`,
    caption: `${metricMeaning(metric)} ${marksMeaning(seeds, metric)}`,
    chart: html`${charts}`,
    table: curveTable(results, metric, axes),
    look,
  });
}

/** Selects the axis of the learning curves: radio buttons that work by CSS alone. */
export function axisSwitch(results: RunResults | ExperimentResults): Html | null {
  const axes = axesOf(results.kind === 'run' ? [results] : results.runs, results.times);
  const options = axes.map(
    (axis) =>
      html`<label><input type="radio" name="axis" value="${axis}"${axis === 'rows' ? trusted(' checked') : null}> ${axisTitles[axis]}</label> `,
  );
  return html`<fieldset class="axis"><legend>Horizontal axis</legend>${options}</fieldset>`;
}

/** A figure with its caption, chart and numbers; the page's script saves the latter two as files. */
export function figure(options: {
  id: string;
  title: string;
  caption: Html | string;
  chart: Html;
  table: Html;
  isWide?: boolean;
  look?: Look;
}): Html {
  const { title, caption, chart, table: numbers, isWide, look } = options;
  const id = `${options.id}${slugOf(look?.setting ?? '')}`;
  return html`<figure id="${id}"${isWide ? trusted(' class="wide"') : null}>
<figcaption><strong>${title}${look?.setting ? html` <span class="soft">${look.setting}</span>` : null}</strong>${caption}</figcaption>
<div class="drawing" tabindex="0" role="group" aria-label="${title}">${chart}</div>
<details><summary>Numbers of this figure</summary>${numbers}</details>
</figure>`;
}

/** Which setting a figure shows, and the colours of its arms. */
export interface Look {
  readonly colours: ReadonlyMap<string, string>;
  /** Empty if there is only one setting. */
  readonly setting: string;
}

const slugOf = (setting: string) =>
  setting
    .toLowerCase()
    .replace(/[^a-z0-9]+|^/g, '-')
    .replace(/-$/, '');

/** The last accuracy of each arm in each stratum; with very many strata only the table is readable. */
export function strataFigure(arms: readonly ArmStrata[], look: Look): Html | null {
  const { colours } = look;
  const strata = arms[0]?.strata ?? [];
  if (strata.length === 0 || strata.length > 40) {
    return null;
  }
  const dots = arms.flatMap(({ name, strata: own }) =>
    own.map(({ stratum, last }) => ({ stratum, name, accuracy: last })),
  );
  const base = strata.map(({ stratum, first }) => ({ stratum, name: 'base student', accuracy: first }));
  const title = 'Accuracy by stratum';
  return figure({
    id: 'by-stratum',
    title,
    caption: html`${legend(
      arms.map(({ name }) => name),
      colours,
    )} at the end; the vertical tick marks the base student.`,
    chart: stratumDots(dots, {
      title,
      description: `For each of ${strata.length} strata, the accuracy of the base student and of ${arms.map(({ name }) => name).join(', ')} at the end.`,
      base,
      colours,
      xLabel: 'accuracy',
      xMax: 1,
    }),
    table: strataTable(arms, colours),
    isWide: true,
    look,
  });
}

/** The arms with their colours, for captions. */
export const legend = (names: readonly string[], colours: ReadonlyMap<string, string>): Html =>
  html`${names.map((name) => html`<span class="arm">${swatch(colours.get(name))}${name}</span> `)}`;

function reachOf({ arm, target, rowsToReach, baselineRows, timesFewer, conclusion }: Comparison): Reach[] {
  return conclusion === 'above' && rowsToReach.reached && timesFewer !== null
    ? [{ arm, target, fromRows: rowsToReach.rows, toRows: baselineRows, label: `${timesFewer.toFixed(1)}× fewer rows` }]
    : [];
}

const metricMeaning = (metric: Metric) =>
  metric === 'macro'
    ? 'Mean over the strata, each with equal weight.'
    : 'Over the test set that is drawn like the pool.';

function marksMeaning(seeds: number, metric: Metric): string {
  if (seeds === 0) {
    return metric === 'overall' ? 'Band: 95 % interval over the questions.' : '';
  }
  const band = seeds > 1 ? ' Band: 95 % interval of the mean. Thin lines: single seeds.' : '';
  return `Heavy line: mean over ${plural(seeds, 'random seed')}.${band}`;
}

function inWords({ name, points }: Series, axis: Axis): string {
  const [first, last] = [points[0], points.at(-1)];
  const at = (x: number) => (axis === 'usd' ? formatUsd(x) : `${count(x)} ${axis}`);
  return first === undefined || last === undefined
    ? ''
    : `${name} goes from ${decimal(first.accuracy)} at ${at(first.x)} to ${decimal(last.accuracy)} at ${at(last.x)}.`;
}

function curveTable(results: RunResults | ExperimentResults, metric: Metric, axes: readonly Axis[]): Html {
  const byAxis = axes.map((axis) => seriesOf(results, metric, axis));
  const rows = seriesOf(results, metric).flatMap(({ name, points }, line) =>
    points.map(({ accuracy, interval }, index) => [
      name,
      ...axes.map((axis, column) => {
        const x = byAxis[column]?.[line]?.points[index]?.x ?? 0;
        return axis === 'usd' ? x.toFixed(4) : count(x);
      }),
      decimal(accuracy),
      bracket(interval),
    ]),
  );
  return table({
    caption: `${metricTitle(metric, results)} at every checkpoint`,
    columns: [
      ['arm'],
      ...axes.map((axis) => [axisTitles[axis], 'number'] as const),
      [measureOf(results), 'number'],
      ['95 % interval'],
    ],
    rows,
  });
}
