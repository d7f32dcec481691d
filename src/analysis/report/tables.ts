import { formatUsd, sumUsd } from '../../core/budget/price';
import {
  billingLine,
  billLine,
  bracket,
  budgetLine,
  count,
  decimal,
  factorInterval,
  factorText,
  plural,
  probability,
  signed,
  unknownLine,
} from '../phrases';
import type { Comparison, ExperimentResults, ExperimentRun, RunResults } from '../results-schema';
import { type Html, html, swatch } from './html';
import type { ArmStrata } from './strata';

type Colours = ReadonlyMap<string, string>;

/** A column: its heading, and whether it holds numbers. */
type Column = readonly [heading: Html | string, kind?: 'number'];

/** Rows are lists of cells; the first cell names the row. */
export function table(options: {
  caption: string;
  columns: readonly Column[];
  rows: readonly (readonly (Html | string)[])[];
  foot?: readonly (Html | string)[];
}): Html {
  const cells = (row: readonly (Html | string)[]) =>
    row.map((cell, index) => {
      const kind = options.columns[index]?.[1] ?? 'text';
      return index === 0 ? html`<th scope="row">${cell}</th>` : html`<td class="${kind}">${cell}</td>`;
    });
  const head = options.columns.map(
    ([heading, kind]) => html`<th scope="col" class="${kind ?? 'text'}">${heading}</th>`,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${options.caption}"><table><caption><span>${options.caption}</span></caption>
<thead><tr>${head}</tr></thead>
<tbody>${options.rows.map((row) => html`<tr>${cells(row)}</tr>\n`)}</tbody>
${options.foot === undefined ? null : html`<tfoot><tr>${cells(options.foot)}</tr></tfoot>`}</table></div>`;
}

/** The last accuracy of each arm. */
export function outcomeTable(results: ExperimentResults, colours: Colours): Html {
  return table({
    caption:
      'Accuracy at the last iteration that all runs of an arm have reached; mean over random seeds, 95 % interval, standard deviation.',
    columns: [
      ['arm'],
      ['seeds', 'number'],
      ['iteration', 'number'],
      ['rows', 'number'],
      ['macro', 'number'],
      ['s.d.', 'number'],
      ['overall', 'number'],
      ['s.d.', 'number'],
    ],
    rows: results.arms.map(({ arm, runs, curve, iterationsPlanned }) => {
      const end = curve.at(-1);
      const sd = (value: number | null | undefined) => (value === null || value === undefined ? '' : value.toFixed(3));
      return [
        named(arm, colours),
        String(runs.length),
        `${end?.iteration ?? 0} of ${iterationsPlanned}`,
        count(end?.rows ?? 0),
        withInterval(end?.macro?.mean ?? null, end?.macro?.interval ?? null),
        sd(end?.macro?.sd),
        withInterval(end?.overall?.mean ?? null, end?.overall?.interval ?? null),
        sd(end?.overall?.sd),
      ];
    }),
  });
}

/** Each arm against its random arm. */
export function comparisonTable(comparisons: readonly Comparison[], colours: Colours): Html {
  return table({
    caption: `Differences are paired by random seed, with a 95 % interval and the p-value of the paired t-test; beside it the p-value after Holm’s adjustment for ${plural(testsOf(comparisons), 'comparison')}. Rows needed: where the mean curve first reaches the accuracy of the baseline. Times: how many times the rows of the arm the baseline needs for the same accuracy, below 1 for a worse arm, with 95 % over random seeds; left out where the two cannot be distinguished.`,
    columns: [
      ['arm'],
      ['against'],
      ['metric'],
      ['difference', 'number'],
      ['p', 'number'],
      ['p, Holm', 'number'],
      ['rows needed', 'number'],
      ['times', 'number'],
      ['conclusion'],
    ],
    rows: comparisons.map((one) => [
      named(one.arm, colours),
      one.baseline,
      one.metric,
      ...differenceCells(one),
      one.pHolm === null ? '' : probability(one.pHolm),
      one.rowsToReach.reached ? `${count(one.rowsToReach.rows)} of ${count(one.baselineRows)}` : 'not reached',
      factorCell(one),
      conclusionCell(one),
    ]),
  });
}

/** The same comparisons where both arms have spent equally much of something else. */
export function otherCostsTable(comparisons: readonly Comparison[], colours: Colours): Html | null {
  const rows = comparisons.flatMap((one) =>
    one.otherCosts.map((other) => [
      named(one.arm, colours),
      one.baseline,
      one.metric,
      other.axis === 'usd' ? formatUsd(other.cost) : `${count(other.cost)} ${other.axis}`,
      ...differenceCells(other),
      factorCell(other),
      conclusionCell(other),
    ]),
  );
  return rows.length === 0
    ? null
    : table({
        caption:
          'The same comparisons at equal cost: as much as every run of a comparison has spent, accuracies interpolated between checkpoints.',
        columns: [
          ['arm'],
          ['against'],
          ['metric'],
          ['at', 'number'],
          ['difference', 'number'],
          ['p', 'number'],
          ['times', 'number'],
          ['conclusion'],
        ],
        rows,
      });
}

/** Whether these very students differ, which says nothing about other random seeds. */
export function questionsTable(comparisons: readonly Comparison[], colours: Colours): Html | null {
  const rows = comparisons.flatMap(({ arm, baseline, questions }) =>
    questions === null
      ? []
      : [
          [
            named(arm, colours),
            baseline,
            count(questions.total),
            count(questions.onlyArm),
            count(questions.onlyBaseline),
            probability(questions.p),
          ],
        ],
  );
  return rows.length === 0
    ? null
    : table({
        caption:
          'Test questions of all seeds that only one of the two answered correctly, with the p-value of McNemar’s exact test (of scores, of a permutation test). It tells whether these very students differ, not whether the method would differ with other seeds.',
        columns: [
          ['arm'],
          ['against'],
          ['questions', 'number'],
          ['only the arm', 'number'],
          ['only the baseline', 'number'],
          ['p', 'number'],
        ],
        rows,
      });
}

type Compared = Pick<Comparison, 'difference' | 'conclusion' | 'timesFewer' | 'timesFewerInterval'>;

function differenceCells({ difference }: Compared): (Html | string)[] {
  return difference === null
    ? ['', '']
    : [
        html`${signed(difference.mean)} <span class="interval">${bracket(difference.interval, signed)}</span>`,
        difference.p === null ? '' : probability(difference.p),
      ];
}

const factorCell = (one: Compared): Html | string =>
  one.timesFewer === null
    ? ''
    : html`${factorText(one.timesFewer)}× <span class="interval">${factorInterval(one)}</span>`;

function conclusionCell({ conclusion }: Compared): Html {
  const isTold = conclusion === 'above' || conclusion === 'below';
  return html`<span class="${isTold ? conclusion : 'soft'}">${conclusion === 'one seed' ? 'one seed, no claim' : conclusion}</span>`;
}

const testsOf = (comparisons: readonly Comparison[]) =>
  Math.max(
    ...(['macro', 'overall'] as const).map(
      (metric) => comparisons.filter((one) => one.metric === metric && one.pHolm !== null).length,
    ),
  );

/** Several sampled answers to each test question, base student and end of every run; `null` where none asked for them. */
export function sampledTable(runs: readonly Pick<ExperimentRun, 'run' | 'curve'>[]): Html | null {
  const rows = runs.flatMap(({ run, curve }) => {
    const points = [...new Set([curve[0], curve.at(-1)])];
    return points.flatMap((point) => {
      const { sampled, iteration = 0 } = point ?? {};
      if (sampled === undefined) {
        return [];
      }
      const { answers, mean, passAt, majority } = sampled;
      const most = passAt[String(answers)];
      const cell = (share: typeof mean | undefined) =>
        share === undefined ? '' : withInterval(share.share, { low: share.low, high: share.high });
      return [[run, String(iteration), String(answers), cell(mean), cell(most), cell(majority)]];
    });
  });
  return rows.length === 0
    ? null
    : table({
        caption:
          'Several sampled answers to each test question: the share that is right, the questions of which at least one answer is right (pass@k, k all of them), and those whose most frequent answer is. 95 % intervals over the questions, each counting once.',
        columns: [
          ['run'],
          ['iteration', 'number'],
          ['answers', 'number'],
          ['mean', 'number'],
          ['pass@k', 'number'],
          ['majority', 'number'],
        ],
        rows,
      });
}

/** What each arm bought. */
export function spendTable(results: RunResults | ExperimentResults, colours: Colours): Html {
  const runs = results.kind === 'run' ? [results] : results.runs;
  const groups =
    results.kind === 'run'
      ? [{ name: results.config.strategy.name, members: runs }]
      : results.arms.map(({ arm, runs: names }) => ({
          name: arm,
          members: runs.filter(({ run }) => names.includes(run)),
        }));
  const isPriced = runs.some(({ config }) => config.teacher.price !== undefined);
  const cells = (spend: RunResults['spend']) => [
    count(spend.samples),
    count(spend.inputTokens),
    count(spend.outputTokens),
    isPriced ? formatUsd(spend.usd) : 'no price set',
  ];
  const budget = budgetLine(results);
  const bill = billLine(results);
  const billing = billingLine(results);
  const notes = [
    budget === null ? 'No cap was set.' : `Cap of a run: ${budget}.`,
    results.kind === 'run' ? '' : 'An answer that several runs share counts in each of them, at its recorded price.',
    bill === null ? '' : `Paid: ${bill}.`,
    unknownLine(results) ?? 'No call was lost.',
    billing === null ? '' : `Billing: ${billing}.`,
  ];
  return html`${table({
    caption: 'What was bought from the teacher.',
    columns: [
      ['arm'],
      ['runs', 'number'],
      ['rows', 'number'],
      ['input tokens', 'number'],
      ['output tokens', 'number'],
      ['price', 'number'],
    ],
    rows: groups.map(({ name, members }) => [named(name, colours), String(members.length), ...cells(sum(members))]),
    foot: ['all', String(runs.length), ...cells(results.spend)],
  })}<p class="note">${notes.filter((note) => note !== '').join(' ')}</p>`;
}

/** Accuracy by stratum, base student and end, for every arm. */
export function strataTable(arms: readonly ArmStrata[], colours: Colours): Html {
  const caption = 'Accuracy by stratum, mean over the random seeds of an arm: base student, and the last iteration.';
  const strata = arms[0]?.strata.map(({ stratum }) => stratum) ?? [];
  const cell = (arm: ArmStrata, stratum: string) => {
    const found = arm.strata.find((one) => one.stratum === stratum);
    return html`<td class="number">${decimal(found?.first ?? null)}</td><td class="number">${decimal(found?.last ?? null)}</td>`;
  };
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<caption><span>${caption}</span></caption>
<thead><tr><th scope="col" rowspan="2">stratum</th>${arms.map(({ name }) => html`<th scope="colgroup" colspan="2" class="number">${named(name, colours)}</th>`)}</tr>
<tr>${arms.map(() => html`<th scope="col" class="number">base</th><th scope="col" class="number">last</th>`)}</tr></thead>
<tbody>${strata.map((stratum) => html`<tr><th scope="row">${stratum}</th>${arms.map((arm) => cell(arm, stratum))}</tr>\n`)}</tbody></table></div>`;
}

/** Every run with its state and how it ended. */
export function runTable(
  runs: readonly Omit<ExperimentRun, 'kind'>[],
  notStarted: readonly string[],
  failed: ExperimentResults['failed'],
): Html {
  const failure = (run: string) => failed.find((one) => one.run === run)?.reason;
  const stateOf = (run: string, otherwise: string) =>
    failure(run) === undefined ? otherwise : html`<span class="below">failed</span>: ${failure(run) ?? ''}`;
  const waiting = notStarted.map((run) => [run, '', stateOf(run, 'not started'), '', '', '', '']);
  return table({
    caption: 'Runs; intervals over the questions (Wilson).',
    columns: [
      ['run'],
      ['seed', 'number'],
      ['state'],
      ['iterations', 'number'],
      ['rows', 'number'],
      ['macro', 'number'],
      ['overall', 'number'],
    ],
    rows: [
      ...runs.map(({ run, config, state, endedBecause, iterations, curve }) => {
        const end = curve.at(-1);
        return [
          run,
          String(config.seed),
          stateOf(run, endedBecause === null ? state : `${state} (${endedBecause})`),
          `${iterations.length} of ${config.iterations}`,
          count(end?.rows ?? 0),
          decimal(end?.macro ?? null),
          withInterval(end?.overall.accuracy ?? null, end?.overall.interval ?? null),
        ];
      }),
      ...waiting,
    ],
  });
}

export const named = (arm: string, colours: Colours) =>
  html`<span class="arm">${swatch(colours.get(arm))}${arm}</span>`;

const withInterval = (accuracy: number | null, interval: { low: number; high: number } | null) =>
  html`${decimal(accuracy)} <span class="interval">${bracket(interval)}</span>`;

function sum(runs: readonly { spend: RunResults['spend'] }[]): RunResults['spend'] {
  return runs.reduce(
    (total, { spend }) => ({
      samples: total.samples + spend.samples,
      inputTokens: total.inputTokens + spend.inputTokens,
      outputTokens: total.outputTokens + spend.outputTokens,
      usd: sumUsd([total.usd, spend.usd]),
    }),
    { samples: 0, inputTokens: 0, outputTokens: 0, usd: 0 },
  );
}
