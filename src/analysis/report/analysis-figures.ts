import type { Analyses } from '../analyses-schema';
import { bracket, count, plural as countOf, decimal, probability } from '../phrases';
import {
  cumulativeCurves,
  dataShareDots,
  iterationLines,
  setMedians,
  singlePoints,
  winRateGrid,
} from './analysis-charts';
import { stratumDots } from './charts';
import { figure, type Look, legend } from './figures';
import { type Html, html } from './html';
import { named, table } from './tables';

const metricNames = { macro: 'macro accuracy', overall: 'overall accuracy' } as const;

const measureNames = {
  loss: { id: 'figure-2', plural: 'losses', meaning: "losses of the selecting student's own answers" },
  reward: {
    id: 'figure-2-reward',
    plural: 'rewards',
    meaning: "a reward model's grades of the selecting student's own answers; a low grade means a hard seed",
  },
} as const;

/** Figure 2: scores of seeds against scores of the rows made from them. */
export function diagnosedFigures(
  diagnosed: Analyses['diagnosed'],
  measure: keyof typeof measureNames,
  look: Look,
): Html | null {
  const [own] = diagnosed;
  return own === undefined ? null : diagnosedPair(own, measure, look);
}

function diagnosedPair(diagnosed: Analyses['diagnosed'][number], measure: keyof typeof measureNames, look: Look): Html {
  const { colours } = look;
  const { sets, betweenSets, withinSets } = diagnosed;
  const { id, plural, meaning } = measureNames[measure];
  const correlationText = (found: typeof betweenSets) =>
    found === null
      ? 'Too little variation for a rank correlation.'
      : `Spearman's rho ${found.rho.toFixed(2)} (${pValue(found.p)}, n = ${count(found.n)}).`;
  const within =
    withinSets === null
      ? 'Too little variation for a rank correlation within a set.'
      : `Spearman's rho within a set ${withinSets.rho.toFixed(2)}, mean over ${countOf(withinSets.runs, 'run')}${withinSets.p === null ? '' : ` (${pValue(withinSets.p)} by a t-test over the runs)`}.`;
  const arms = [...new Set(sets.map(({ arm }) => arm))];
  return html`${figure({
    id: `${id}-sets`,
    look,
    title: `Do hard seeds give hard rows? Median ${plural} of each set`,
    caption: html`${correlationText(betweenSets)} One point for each run and iteration; ${meaning}. ${legend(arms, colours)}`,
    chart: setMedians(diagnosed, {
      title: `Median ${measure} on seeds against median ${measure} on their rows`,
      measure,
      description: `${sets.length} sets. ${correlationText(betweenSets)}`,
      colours,
    }),
    table: table({
      caption: `Median ${plural} by run and iteration.`,
      columns: [['run'], ['iteration', 'number'], ['seeds', 'number'], ['rows', 'number']],
      rows: sets.map(({ run, iteration, seeds, rows }) => [run, String(iteration), decimal(seeds), decimal(rows)]),
    }),
  })}${figure({
    id: `${id}-points`,
    look,
    title: 'The same for single seeds and rows',
    caption: `${within} Red: line of best fit over all sets. Shows to what extent new questions keep the difficulty of their seeds.`,
    chart: singlePoints(diagnosed, {
      title: `A seed against its row, ${plural}`,
      measure,
      description: `${countOf(diagnosed.points.length, 'point')}. ${within}`,
    }),
    table: table({
      caption: 'Up to 200 of the points; rows.parquet has all rows.',
      columns: [['point'], [`${measure} on the seed`, 'number'], [`${measure} on its row`, 'number']],
      rows: diagnosed.points
        .slice(0, 200)
        .map(([seed, row], index) => [String(index + 1), decimal(seed), decimal(row)]),
    }),
  })}`;
}

/** Figure 3: cumulative accuracy in the order of score, for the first and the final student. */
export function cumulativeFigures(curves: Analyses['cumulative'], look: Look): Html | null {
  const figures = (['first', 'final'] as const).flatMap((student) => {
    const own = curves.filter((one) => one.student === student);
    if (own.length === 0) {
      return [];
    }
    const title = `Rows by score, ${student} student`;
    const first = own.map(({ curve }) => curve[Math.floor(curve.length / 5)]?.percent ?? 0);
    const mean = first.reduce((sum, value) => sum + value, 0) / first.length;
    return [
      figure({
        id: `figure-3-${student}`,
        look,
        title,
        caption: `Difference in cumulative accuracy between shuffled rows and rows ordered by the loss on their seeds, highest first, in % of the overall accuracy. Above 0: high-loss seeds gave harder rows. Heavy line: mean over ${own.length} random runs; grey: 95 % of all orders (hypergeometric).`,
        chart: cumulativeCurves(own, {
          title,
          description: `After a fifth of the rows the difference is ${mean.toFixed(1)} %, mean over ${own.length} runs.`,
        }),
        table: table({
          caption: `Difference in cumulative accuracy, ${student} student.`,
          columns: [
            ['run'],
            ['share', 'number'],
            ['percent', 'number'],
            ['points', 'number'],
            ['shuffled, 95 %', 'number'],
          ],
          rows: own.flatMap(({ run, curve }) =>
            curve.map(({ share, percent, points, shuffled }) => [
              run,
              `${(100 * share).toFixed(0)} %`,
              percent.toFixed(2),
              points.toFixed(2),
              bracket(shuffled, (value) => value.toFixed(2)),
            ]),
          ),
        }),
      }),
    ];
  });
  return figures.length === 0 ? null : html`${figures}`;
}

/** Figure 4: the rows that random selection needs, by metric. */
export function dataShareFigures(shares: Analyses['dataShares'], look: Look): Html | null {
  const { colours } = look;
  const figures = (['macro', 'overall'] as const).flatMap((metric) => {
    const own = shares.filter((share) => share.metric === metric && share.points.length > 0);
    if (own.length === 0 || own.length > 12) {
      return [];
    }
    const title = `Rows that random selection needs, ${metricNames[metric]}`;
    const ratio = (value: number | null) => (value === null ? 'not reached' : value.toFixed(2));
    return [
      figure({
        id: `figure-4-${metric}`,
        look,
        title,
        caption: html`For the accuracy of an arm at each checkpoint: rows that random selection needs, divided by rows of the arm. Above 1 the arm is more efficient. Hollow with “>”: random selection did not reach it by its last checkpoint. Vertical lines: 95 % over random seeds. ${legend(
          own.map(({ arm }) => arm),
          colours,
        )}`,
        chart: dataShareDots(own, {
          title,
          description: own
            .map(
              ({ arm, points }) =>
                `${arm}: ${points.map(({ rows, times, atLeast }) => `${times === null ? `more than ${atLeast.toFixed(1)}` : times.toFixed(1)} times at ${count(rows)} rows`).join(', ')}.`,
            )
            .join(' '),
          colours,
        }),
        table: table({
          caption: title,
          columns: [
            ['arm'],
            ['rows', 'number'],
            ['accuracy', 'number'],
            ['rows of random', 'number'],
            ['times', 'number'],
            ['95 % over seeds'],
          ],
          rows: own.flatMap(({ arm, points }) =>
            points.map(({ rows, target, baselineRows, times, interval, atLeast }) => [
              arm,
              count(rows),
              decimal(target),
              baselineRows === null ? 'not reached' : count(baselineRows),
              times === null ? `> ${atLeast.toFixed(2)}` : times.toFixed(2),
              interval === null ? '' : `${ratio(interval.low)} to ${ratio(interval.high)}`,
            ]),
          ),
        }),
      }),
    ];
  });
  return figures.length === 0 ? null : html`${figures}`;
}

/** Figure 5: pairwise win rates, by metric. */
export function winRateFigures(rates: Analyses['winRates']): Html | null {
  const figures = rates.map((one) => {
    const title = `Pairwise win rates, ${metricNames[one.metric]}`;
    const cell = (value: number | null | undefined) => value?.toFixed(2) ?? 'n/a';
    return figure({
      id: `figure-5-${one.metric}`,
      title,
      caption: `How often the strategy of the row is significantly above that of the column: paired t-test over random seeds, p < 0.05, at iterations ${one.checkpoints.join(', ')}; a cell is at most ${one.settings}, the number of settings. Last row: how often a strategy is beaten, lower is better.`,
      chart: winRateGrid(one, {
        title,
        description: one.strategies
          .map((strategy, index) => `${strategy} is beaten at a rate of ${cell(one.overall[index])} on average.`)
          .join(' '),
      }),
      table: table({
        caption: title,
        columns: [['wins'], ...one.strategies.map((strategy) => [strategy, 'number'] as const)],
        rows: [
          ...one.strategies.map((strategy, i) => [
            strategy,
            ...one.strategies.map((_, j) => (i === j ? '' : cell(one.cells[i]?.[j]))),
          ]),
          ['beaten (mean)', ...one.overall.map(cell)],
        ],
      }),
    });
  });
  return figures.length === 0 ? null : html`${figures}`;
}

/** Which strata each arm picks from, compared with the pool. */
export function picksFigure(strata: Analyses['strata'], look: Look): Html | null {
  const { colours } = look;
  const names = [...new Set(strata.map(({ stratum }) => stratum))];
  const arms = [...new Set(strata.map(({ arm }) => arm))];
  if (names.length < 2 || names.length > 40) {
    return null;
  }
  const dots = strata.map(({ arm, stratum, picks }) => ({ name: arm, stratum, accuracy: picks }));
  const pool = names.map((stratum) => ({
    name: 'pool',
    stratum,
    accuracy: strata.find((one) => one.stratum === stratum)?.pool ?? 0,
  }));
  const title = 'Which strata are picked';
  const share = (value: number) => `${(100 * value).toFixed(1)} %`;
  return figure({
    id: 'picks',
    look,
    title,
    caption: html`Share of the accepted rows whose seed is of the stratum; the vertical tick is its share of the pool. If an arm only balances a skewed pool, balanced random picks would do as well. ${legend(arms, colours)}`,
    chart: stratumDots(dots, {
      title,
      description: `For each of ${names.length} strata, its share of the pool and of the picks of ${arms.join(', ')}.`,
      base: pool,
      colours,
      xLabel: 'share of the rows',
      xMax: Math.min(1, 0.05 + Math.max(...[...dots, ...pool].map(({ accuracy }) => accuracy))),
    }),
    table: table({
      caption: 'Share of each stratum in the pool and among the picks.',
      columns: [['stratum'], ['pool', 'number'], ...arms.map((arm) => [arm, 'number'] as const)],
      rows: names.map((stratum) => [
        stratum,
        share(pool.find((one) => one.stratum === stratum)?.accuracy ?? 0),
        ...arms.map((arm) => share(strata.find((one) => one.arm === arm && one.stratum === stratum)?.picks ?? 0)),
      ]),
    }),
    isWide: true,
  });
}

/** Diversity over the iterations. */
export function healthFigure(health: Analyses['health'], look: Look): Html | null {
  const { colours } = look;
  if (health.length === 0) {
    return null;
  }
  const title = 'Distinct seeds among the rows';
  return figure({
    id: 'diversity',
    look,
    title,
    caption: html`Distinct seeds with an accepted row so far; a flat line means that the same seeds are picked again. The table adds repeats, duplicates, answer lengths and the correlation of length and score. ${legend([...new Set(health.map(({ arm }) => arm))], colours)}`,
    chart: iterationLines(
      health.map(({ arm, iteration, distinctSeeds }) => ({ name: arm, iteration, value: distinctSeeds })),
      {
        title,
        description: health
          .filter(({ iteration }) => iteration === Math.max(...health.map((one) => one.iteration)))
          .map(({ arm, distinctSeeds }) => `${arm} has used ${count(distinctSeeds)} distinct seeds.`)
          .join(' '),
        colours,
        yLabel: 'distinct seeds so far',
      },
    ),
    table: table({
      caption:
        'Diversity by arm and iteration, means over runs. Duplicates: rejected as known, or equal to an earlier row. Near duplicates: accepted, with a ROUGE-L of 0.7 or more to an earlier row. Pool answers cut: at student.max_new_tokens; they are scored as far as they go. Rho: does the score prefer long answers of the student, over the pool?',
      columns: [
        ['arm'],
        ['iteration', 'number'],
        ['rows', 'number'],
        ['seeds so far', 'number'],
        ['repeats', 'number'],
        ['duplicates', 'number'],
        ['near duplicates', 'number'],
        ['answer characters', 'number'],
        ['pool answers cut', 'number'],
        ['length and score, rho', 'number'],
      ],
      rows: health.map((one) => [
        named(one.arm, colours),
        String(one.iteration),
        count(one.rows),
        count(one.distinctSeeds),
        one.repeats.toFixed(1),
        one.duplicates.toFixed(1),
        one.nearDuplicates?.toFixed(1) ?? '',
        one.answerCharacters.toFixed(1),
        one.truncatedShare === null ? '' : `${(100 * one.truncatedShare).toFixed(1)} %`,
        one.lengthScore === null ? '' : one.lengthScore.toFixed(2),
      ]),
    }),
  });
}

const pValue = (p: number) => (p < 0.001 ? 'p < 0.001' : `p = ${probability(p)}`);
