import { bracket, count, decimal } from '../phrases';
import type { Series, SeriesPoint } from '../series';
import type { Html } from './html';
import { type Colours, colourOf, type Described, draw, Plot, shorten, symbols } from './plot';

export interface Reach {
  readonly arm: string;
  readonly target: number;
  readonly fromRows: number;
  readonly toRows: number;
  readonly label: string;
}

/** Learning curves: thin lines for seeds, a band for the interval, a heavy line with marks for the mean. */
export function learningCurves(
  series: readonly Series[],
  options: Described & { reaches: readonly Reach[]; colours: Colours; xLabel: string; yLabel: string },
): Html {
  const height = 380;
  const seeds = series.flatMap(({ name, seeds: lines }) =>
    lines.flatMap((line, index) => line.map((point) => ({ ...point, name, line: `${name} ${index}` }))),
  );
  const means = series.flatMap(({ name, points }) => points.map((point) => ({ ...point, name })));
  // Cut at the possible accuracies here: a clip path would carry a number that counts up in the process.
  const bands = means.flatMap(({ x, name, interval }) =>
    interval === null ? [] : [{ x, name, low: Math.max(0, interval.low), high: Math.min(1, interval.high) }],
  );
  const domain = accuracyDomain([
    ...means.map(({ accuracy }) => accuracy),
    ...seeds.map(({ accuracy }) => accuracy),
    ...bands.flatMap(({ low, high }) => [low, high]),
  ]);
  const colour = colourOf(options.colours);
  const ends = endLabels(series, domain);
  return draw(options, height, {
    marginRight: 18 + 7.5 * Math.max(...series.map(({ name }) => Math.min(name.length, 24))),
    x: { label: options.xLabel, ticks: ticksOf(means), tickFormat: placeText(means) },
    y: { label: options.yLabel, domain, grid: true, tickFormat: '.2f' },
    symbol: { domain: series.map(({ name }) => name), range: symbols.slice(0, series.length) },
    marks: [
      Plot.areaY(bands, { x: 'x', y1: 'low', y2: 'high', z: 'name', fill: colour, fillOpacity: 0.13 }),
      Plot.lineY(seeds, { x: 'x', y: 'accuracy', z: 'line', stroke: colour, strokeWidth: 1, strokeOpacity: 0.4 }),
      Plot.lineY(means, { x: 'x', y: 'accuracy', z: 'name', stroke: colour, strokeWidth: 2.5 }),
      ...options.reaches.flatMap((reach) => reachMarks(reach)),
      Plot.dot(means, { x: 'x', y: 'accuracy', fill: colour, symbol: 'name', r: 4, title: pointTitle }),
      Plot.text(ends, {
        x: 'x',
        y: 'at',
        text: 'label',
        fill: colour,
        textAnchor: 'start',
        dx: 11,
        fontWeight: 600,
      }),
    ],
  });
}

export interface StratumDot {
  readonly stratum: string;
  readonly name: string;
  readonly accuracy: number;
}

/** One row a stratum: where the base student stood, and where each arm ended. */
export function stratumDots(
  dots: readonly StratumDot[],
  options: Described & { base: readonly StratumDot[]; colours: Colours; xLabel: string; xMax: number },
): Html {
  const strata = [...new Set(dots.map(({ stratum }) => stratum))];
  const names = [...new Set(dots.map(({ name }) => name))];
  const spans = strata.map((stratum) => {
    const own = [...dots, ...options.base].filter((dot) => dot.stratum === stratum).map(({ accuracy }) => accuracy);
    return { stratum, low: Math.min(...own), high: Math.max(...own) };
  });
  const colour = colourOf(options.colours);
  return draw(options, 60 + 25 * strata.length, {
    width: 1080,
    marginLeft: 30 + 7.5 * Math.max(...strata.map(({ length }) => Math.min(length, 24))),
    marginTop: 46,
    marginBottom: 8,
    x: { label: options.xLabel, domain: [0, options.xMax], grid: true, axis: 'top', ticks: 8 },
    y: { label: null, domain: strata, tickSize: 0 },
    symbol: { domain: names, range: symbols.slice(0, names.length) },
    marks: [
      Plot.ruleY(spans, { y: 'stratum', x1: 'low', x2: 'high', strokeOpacity: 0.25, strokeWidth: 2 }),
      Plot.tickX(options.base, {
        x: 'accuracy',
        y: 'stratum',
        strokeWidth: 2,
        strokeOpacity: 0.6,
        inset: 6,
        title: dotTitle,
      }),
      Plot.dot(dots, { x: 'accuracy', y: 'stratum', fill: colour, symbol: 'name', r: 5, title: dotTitle }),
    ],
  });
}

/** The width of a gap at the baseline's final accuracy: the rows that an arm did not need. */
function reachMarks({ target, fromRows, toRows, label }: Reach) {
  const span = [{ from: fromRows, to: toRows, target, label }];
  const line = { y: 'target', stroke: 'currentColor', strokeOpacity: 0.75 };
  return [
    Plot.ruleY(span, { ...line, x1: 'from', x2: 'to', strokeDasharray: '2,3', strokeWidth: 1.5 }),
    Plot.text(span, {
      x: 'to',
      y: 'target',
      text: 'label',
      // At the right end, where the arm's own line is farthest above.
      textAnchor: 'end',
      dx: -9,
      dy: -9,
      stroke: 'var(--panel)',
      strokeWidth: 4,
      fill: 'currentColor',
    }),
  ];
}

/** Names at the ends of the lines, moved apart where they would lie on each other. */
function endLabels(series: readonly Series[], [bottom, top]: readonly [number, number]) {
  const labels = series.flatMap(({ name, points }) => {
    const end = points.at(-1);
    return end === undefined ? [] : [{ name, label: shorten(name), x: end.x, at: end.accuracy }];
  });
  return movedApart(labels, top - bottom);
}

const pointTitle = ({ name, rows, accuracy, interval }: SeriesPoint & { name: string }) =>
  `${name}, ${count(rows)} rows: ${decimal(accuracy)} ${bracket(interval)}`.trim();

const dotTitle = ({ name, stratum, accuracy }: StratumDot) => `${name}, ${stratum}: ${decimal(accuracy)}`;

function accuracyDomain(values: readonly number[]): [number, number] {
  const bottom = Math.max(0, Math.floor((Math.min(...values) - 0.01) * 20) / 20);
  const top = Math.min(1, Math.ceil((Math.max(...values) + 0.01) * 20) / 20);
  return [bottom, top];
}

/** The checkpoints themselves while they are few; else what the scale chooses. */
function ticksOf(points: readonly { x: number }[]): number[] | number {
  const positions = [...new Set(points.map((point) => point.x))].sort((left, right) => left - right);
  return positions.length <= 6 && Math.max(...positions) > 10 ? positions : 6;
}

/** Whole numbers where they are large, two decimals where all are small. */
function placeText(points: readonly { x: number }[]): (value: number) => string {
  const isSmall = Math.max(...points.map(({ x }) => x)) <= 10;
  return (value) => (isSmall ? value.toFixed(2) : count(value));
}

/**
 * Labels in a column, from the lowest up, each moved up where it would overlap the one below.
 * @param height of the axis, in its units
 */
export function movedApart<T extends { readonly at: number }>(labels: readonly T[], height: number): T[] {
  let last = Number.NEGATIVE_INFINITY;
  return labels
    .toSorted((left, right) => left.at - right.at)
    .map((label) => {
      last = Math.max(label.at, last + height * 0.055);
      return { ...label, at: last };
    });
}
