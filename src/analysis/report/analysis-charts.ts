import type { Analyses } from '../analyses-schema';
import { count } from '../phrases';
import { movedApart } from './charts';
import type { Html } from './html';
import { type Colours, colourOf, type Described, draw, Plot, shorten, symbols } from './plot';

type Diagnosed = Analyses['diagnosed'][number];

/** Figure 2, left: medians of whole sets, seeds against the rows made from them. */
export function setMedians(
  diagnosed: Diagnosed,
  options: Described & { colours: Colours; measure: 'loss' | 'reward' },
): Html {
  const dots = diagnosed.sets.map(({ arm, seeds, rows }) => ({ name: arm, seeds, rows }));
  return draw(options, 380, {
    x: { label: `median ${options.measure} on the seeds`, grid: true },
    y: { label: `median ${options.measure} on their rows`, grid: true },
    marks: [
      ...bestFit(diagnosed.setsLine, dots.map(({ seeds }) => seeds)), // biome-ignore format: a mark
      Plot.dot(dots, { x: 'seeds', y: 'rows', fill: colourOf(options.colours), r: 4, fillOpacity: 0.85 }),
    ],
  });
}

/** Figure 2, right: single seeds and their rows. */
export function singlePoints(diagnosed: Diagnosed, options: Described & { measure: 'loss' | 'reward' }): Html {
  const dots = diagnosed.points.map(([seeds, rows]) => ({ seeds, rows }));
  return draw(options, 380, {
    x: { label: `${options.measure} on the seed`, grid: true },
    y: { label: `${options.measure} on its row`, grid: true },
    marks: [
      Plot.dot(dots, { x: 'seeds', y: 'rows', fill: 'var(--arm-1)', r: 2, fillOpacity: 0.35 }),
      ...bestFit(diagnosed.pointsLine, dots.map(({ seeds }) => seeds)), // biome-ignore format: a mark
    ],
  });
}

function bestFit(line: { slope: number; intercept: number } | null, xs: readonly number[]) {
  if (line === null) {
    return [];
  }
  const ends = [Math.min(...xs), Math.max(...xs)].map((x) => ({ x, y: line.intercept + line.slope * x }));
  return [Plot.lineY(ends, { x: 'x', y: 'y', stroke: 'var(--bad)', strokeWidth: 2 })];
}

/** Figure 3: how much harder the rows of high-scoring seeds are than shuffled ones. */
export function cumulativeCurves(curves: Analyses['cumulative'], options: Described): Html {
  const points = curves.flatMap(({ run, curve }) => curve.map((point) => ({ run, ...point })));
  const bands = curves[0]?.curve.map((_, index) => {
    const at = curves.map(({ curve }) => curve[index]).filter((point) => point !== undefined);
    return {
      share: at[0]?.share ?? 0,
      low: mean(at.map(({ shuffled }) => shuffled.low)),
      high: mean(at.map(({ shuffled }) => shuffled.high)),
      percent: mean(at.map(({ percent }) => percent)),
    };
  });
  return draw(options, 340, {
    x: { label: 'share of the rows taken, in order of score', tickFormat: '.0%' },
    y: { label: 'harder than shuffled, %', grid: true },
    marks: [
      Plot.areaY(bands ?? [], { x: 'share', y1: 'low', y2: 'high', fill: 'var(--arm-0)', fillOpacity: 0.18 }),
      Plot.ruleY([0], { stroke: 'currentColor', strokeOpacity: 0.6 }),
      Plot.lineY(points, { x: 'share', y: 'percent', z: 'run', stroke: 'var(--arm-1)', strokeOpacity: 0.4 }),
      Plot.lineY(bands ?? [], { x: 'share', y: 'percent', stroke: 'var(--arm-1)', strokeWidth: 2.5 }),
      Plot.dot(bands ?? [], { x: 'share', y: 'percent', fill: 'var(--arm-1)', r: 3 }),
    ],
  });
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Figure 4: how many times the data random needs, at each checkpoint of an arm. */
export function dataShareDots(shares: Analyses['dataShares'], options: Described & { colours: Colours }): Html {
  const points = shares.flatMap(({ arm, points: own }) =>
    own.map(({ rows, times, interval, atLeast }) => ({
      name: arm,
      rows,
      at: times ?? atLeast,
      text: times === null ? `> ${atLeast.toFixed(1)}` : times.toFixed(1),
      isReached: times !== null,
      low: interval?.low ?? null,
      high: interval?.high ?? null,
    })),
  );
  const spans = points.filter(({ low, high, isReached }) => low !== null && high !== null && isReached);
  const colour = colourOf(options.colours);
  const height = Math.max(...points.flatMap(({ at, high }) => [at, high ?? at]));
  const checkpoints = new Set(points.map(({ rows }) => rows));
  const labels = [...checkpoints].flatMap((at) =>
    movedApart(
      points.filter(({ rows }) => rows === at),
      height,
    ),
  );
  return draw(options, 340, {
    marginTop: 44,
    x: { label: 'rows of the arm', tickFormat: count, insetLeft: 12, insetRight: 34 },
    y: { label: 'times the data that random needs', grid: true, zero: true },
    symbol: { domain: shares.map(({ arm }) => arm), range: symbols.slice(1, shares.length + 1) },
    marks: [
      Plot.ruleY([1], { stroke: 'currentColor', strokeDasharray: '2,3' }),
      Plot.ruleX(spans as object[], { x: 'rows', y1: 'low', y2: 'high', stroke: colour as never, strokeOpacity: 0.6 }),
      Plot.lineY(points, { x: 'rows', y: 'at', z: 'name', stroke: colour, strokeOpacity: 0.35 }),
      Plot.dot(points, {
        x: 'rows',
        y: 'at',
        symbol: 'name',
        r: 5,
        stroke: colour,
        fill: (point: (typeof points)[number]) => (point.isReached ? colour(point) : 'var(--panel)'),
      }),
      Plot.text(labels, {
        x: 'rows',
        y: 'at',
        text: 'text',
        textAnchor: 'start',
        dx: 9,
        fill: colour,
        fontWeight: 600,
        stroke: 'var(--panel)',
        strokeWidth: 3,
      }),
    ],
  });
}

/** Figure 5: how often the row's strategy is significantly above the column's; below, how often each is beaten. */
export function winRateGrid(rates: Analyses['winRates'][number], options: Described): Html {
  const { strategies, cells, overall, settings } = rates;
  const beaten = 'is beaten (mean)';
  const squares = [
    ...strategies.flatMap((row, i) =>
      strategies.map((column, j) => ({ row, column, value: cells[i]?.[j] ?? null, isSelf: i === j })),
    ),
    ...strategies.map((column, j) => ({ row: beaten, column, value: overall[j] ?? null, isSelf: false })),
  ];
  return draw(options, 90 + 40 * (strategies.length + 1), {
    width: Math.max(360, 200 + 80 * strategies.length),
    marginLeft: 130,
    marginTop: 60,
    marginBottom: 12,
    x: { label: 'beaten', axis: 'top', domain: strategies, tickFormat: (name: string) => shorten(name, 10) },
    y: { label: 'wins', domain: [...strategies, beaten], tickFormat: (name: string) => shorten(name, 16) },
    marks: [
      Plot.cell(squares, {
        x: 'column',
        y: 'row',
        inset: 1.5,
        fill: ({ row }: (typeof squares)[number]) => (row === beaten ? 'var(--arm-0)' : 'var(--arm-1)'),
        fillOpacity: ({ value }: (typeof squares)[number]) => 0.06 + 0.6 * ((value ?? 0) / settings),
      }),
      Plot.text(squares, {
        x: 'column',
        y: 'row',
        fill: 'currentColor',
        text: ({ value, isSelf }: (typeof squares)[number]) => (isSelf ? '·' : (value?.toFixed(2) ?? 'n/a')),
      }),
    ],
  });
}

/** Lines over the iterations, one an arm. */
export function iterationLines(
  points: readonly { name: string; iteration: number; value: number }[],
  options: Described & { colours: Colours; yLabel: string },
): Html {
  const colour = colourOf(options.colours);
  const iterations = [...new Set(points.map(({ iteration }) => iteration))];
  return draw(options, 300, {
    x: { label: 'iteration', ticks: iterations.length <= 12 ? iterations : 10, tickFormat: count },
    y: { label: options.yLabel, grid: true, zero: true },
    symbol: { domain: [...new Set(points.map(({ name }) => name))], range: [...symbols] },
    marks: [
      Plot.lineY(points, { x: 'iteration', y: 'value', z: 'name', stroke: colour, strokeWidth: 2 }),
      Plot.dot(points, { x: 'iteration', y: 'value', fill: colour, symbol: 'name', r: 4 }),
    ],
  });
}

/** Horizontal bars in one panel an arm: stages of the funnel, steps of the loop. */
export function stageBars(
  bars: readonly { name: string; stage: string; value: number }[],
  options: Described & { colours: Colours; xLabel: string; format: (value: number) => string },
): Html {
  const stages = [...new Set(bars.map(({ stage }) => stage))];
  const arms = [...new Set(bars.map(({ name }) => name))];
  return draw(options, 60 + arms.length * (22 * stages.length + 14), {
    width: 1080,
    marginLeft: 110,
    marginRight: 140,
    x: { label: options.xLabel, grid: true, insetRight: 60 },
    y: { label: null, domain: stages },
    fy: { label: null, domain: arms, tickFormat: (name: string) => shorten(name, 18) },
    marks: [
      Plot.barX(bars, { x: 'value', y: 'stage', fy: 'name', fill: colourOf(options.colours), fillOpacity: 0.75, insetTop: 2, insetBottom: 2 }), // biome-ignore format: a mark
      Plot.text(bars, {
        x: 'value',
        y: 'stage',
        fy: 'name',
        text: ({ value }: (typeof bars)[number]) => options.format(value),
        textAnchor: 'start',
        dx: 6,
        fill: 'currentColor',
      }),
    ],
  });
}
