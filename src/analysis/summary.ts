import { funnelLines } from './funnel';
import {
  billingLine,
  billLine,
  bracket,
  budgetLine,
  count,
  decimal,
  findings,
  isComplete,
  plural,
  shortfallLine,
  spendLine,
  stateLine,
  unknownLine,
} from './phrases';
import { type Arm, type ExperimentResults, type Metric, measureOf, type RunResults } from './results-schema';
import { metricTitle, type Series, seriesOf } from './series';
import { settingsOf } from './settings';
import { studentNotes } from './student-notes';
import { type TextSeries, textChart } from './text-chart';

/** The outcome of a run or an experiment, as lines of at most 80 characters without colour. */
export function summaryLines(
  results: RunResults | ExperimentResults,
  options: { reportPath: string; next: string },
): string[] {
  const name = results.kind === 'run' ? results.run : results.experiment;
  const unknown = unknownLine(results);
  const budget = budgetLine(results);
  const bill = billLine(results);
  const billing = billingLine(results);
  const shortfall = shortfallLine(results);
  return [
    `${name}  ${stateLine(results)}`,
    '',
    ...(results.kind === 'run' ? [...chartsOf(results).flat(), ...runTable(results)] : settingLines(results)),
    '',
    ...(results.kind === 'run' ? funnelLines(results) : settingsOf(results).length > 1 ? [] : findingLines(results)),
    ...(results.kind === 'run' ? [] : results.failed.map(({ run, reason }) => `failed  ${run}: ${reason}`)),
    `bought  ${spendLine(results)}`,
    ...(bill === null ? [] : [`paid    ${bill}`]),
    ...(budget === null ? [] : [`budget  ${budget}${results.kind === 'run' ? '' : ' a run'}`]),
    ...(shortfall === null ? [] : [`short   ${shortfall}`]),
    ...studentNotes(results).map((note) => `student ${note}`),
    ...(unknown === null ? [] : [`unknown ${unknown}`]),
    ...(billing === null ? [] : [`billing ${billing}`]),
    `report  ${options.reportPath}`,
    `next    ${options.next}`,
  ].flatMap((line) => (line.startsWith('report ') ? [line] : wrap(line)));
}

const baselineMark = '○';
const otherMarks = ['●', '▲', '■', '◆', '△', '□', '◇'];

function marksOf(series: readonly Pick<Series, 'name' | 'isBaseline'>[]): Map<string, string> {
  const marks = new Map<string, string>();
  for (const { name, isBaseline } of series) {
    const others = [...marks.values()].filter((mark) => mark !== baselineMark).length;
    marks.set(name, isBaseline ? baselineMark : (otherMarks[others % otherMarks.length] as string));
  }
  return marks;
}

/** With more settings the charts would fill screens; the report has them all. */
const SETTINGS_DRAWN_MAX = 4;

function settingLines(results: ExperimentResults): string[] {
  const settings = settingsOf(results);
  const meaning = 'brackets: 95 % interval of the mean over seeds';
  if (settings.length === 1) {
    return [...chartsOf(results).flat(), ...armTable(results), meaning];
  }
  const lines = settings.flatMap(({ name, results: own }) => [
    name,
    '',
    ...(settings.length > SETTINGS_DRAWN_MAX ? [] : (chartsOf(own)[0] ?? [])),
    ...armTable(own),
    '',
    ...findingLines(own),
  ]);
  return [...lines, meaning];
}

/** The macro accuracy first, if it was measured. */
const chartsOf = (results: RunResults | ExperimentResults): string[][] =>
  (['macro', 'overall'] as const).map((metric) => chartOf(results, metric)).filter((lines) => lines.length > 0);

function chartOf(results: RunResults | ExperimentResults, metric: Metric): string[] {
  const series = seriesOf(results, metric);
  if (series.length === 0) {
    return [];
  }
  const marks = marksOf(series);
  // The baseline is drawn first, so that the others are on top.
  const ordered = series.toSorted((left, right) => Number(right.isBaseline) - Number(left.isBaseline));
  const legend = series.map(({ name }) => `${marks.get(name)} ${name}`).join('   ');
  return [
    `${metricTitle(metric, results)}   ${legend}`,
    ...textChart(ordered.map((one) => textSeries(one, marks.get(one.name) as string))),
    `        rows bought; ${barMeaning(series, metric)}`,
    '',
  ];
}

function barMeaning(series: readonly Series[], metric: Metric): string {
  const seeds = Math.max(...series.map((one) => one.seeds.length));
  if (seeds > 0) {
    return `mean over ${plural(seeds, 'seed')}, bars: lowest to highest seed`;
  }
  return metric === 'overall' ? 'bars: 95 % intervals' : 'mean over the strata';
}

function textSeries(series: Series, mark: string): TextSeries {
  return {
    mark,
    points: series.points.map((point, index) => {
      const values = series.seeds.flatMap((seed) => seed[index]?.accuracy ?? []);
      const [low, high] =
        values.length > 0
          ? [Math.min(...values), Math.max(...values)]
          : [point.interval?.low ?? point.accuracy, point.interval?.high ?? point.accuracy];
      return { x: point.rows, y: point.accuracy, low, high };
    }),
  };
}

function armTable(results: ExperimentResults): string[] {
  const marks = marksOf(
    results.arms.map(({ arm }) => ({
      name: arm,
      isBaseline: results.comparisons.some(({ baseline }) => baseline === arm),
    })),
  );
  const row = ({ arm, runs, curve }: Arm) => {
    const end = curve.at(-1);
    return [
      `${marks.get(arm)} ${arm}`,
      String(runs.length),
      count(end?.rows ?? 0),
      withInterval(end?.macro?.mean ?? null, end?.macro?.interval ?? null),
      withInterval(end?.overall?.mean ?? null, end?.overall?.interval ?? null),
    ];
  };
  const measure = measureOf(results);
  return table([['arm', 'seeds', 'rows', `macro ${measure}`, `overall ${measure}`], ...results.arms.map(row)]);
}

function runTable(results: RunResults): string[] {
  const rows = results.curve.map(({ iteration, rows: bought, overall, macro }) => [
    String(iteration),
    count(bought),
    decimal(macro),
    withInterval(overall.accuracy, overall.interval),
    ...(overall.proof === undefined ? [] : [`${overall.proof} of ${overall.total}`]),
  ]);
  const proofs = results.curve.some(({ overall }) => overall.proof !== undefined) ? ['valid proofs'] : [];
  const measure = measureOf(results);
  return [
    ...table([['iteration', 'rows', `macro ${measure}`, `overall ${measure}`, ...proofs], ...rows]),
    'brackets: 95 % interval over the questions (Wilson)',
    ...sampledLines(results),
  ];
}

/** What several sampled answers to each test question say, at the base and at the end. */
function sampledLines({ curve }: RunResults): string[] {
  return [...new Set([curve[0], curve.at(-1)])].flatMap((point) => {
    const { sampled, iteration } = point ?? {};
    if (sampled === undefined) {
      return [];
    }
    const { answers, mean, passAt, majority } = sampled;
    const text = (share: typeof mean) => withInterval(share.share, share);
    const most = passAt[String(answers)];
    const pass = most === undefined ? '' : `, pass@${answers} ${text(most)}`;
    return [
      `sampled ${answers} answers, iteration ${iteration}: mean ${text(mean)}${pass}, majority ${text(majority)}`,
    ];
  });
}

const withInterval = (accuracy: number | null, interval: { low: number; high: number } | null) =>
  `${decimal(accuracy)} ${bracket(interval)}`.trim();

/** Left-aligned columns; a long first column is cut. */
function table(rows: readonly (readonly string[])[]): string[] {
  const cut = rows.map((row) =>
    row.map((cell, column) => (column === 0 && cell.length > 18 ? `${cell.slice(0, 17)}…` : cell)),
  );
  const widths = (cut[0] ?? []).map((_, column) => Math.max(...cut.map((row) => row[column]?.length ?? 0)));
  return cut.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** The macro accuracy first: it distinguishes arms best. */
function findingLines(results: ExperimentResults): string[] {
  const byMetric = (metric: Metric) => results.comparisons.filter((found) => found.metric === metric);
  const lines = [...byMetric('macro'), ...byMetric('overall')].flatMap((one) =>
    findings(one, isComplete(results), measureOf(results)),
  );
  return lines.length === 0 ? [] : [...lines, ''];
}

/** Breaks at spaces, with the rest indented. */
function wrap(line: string): string[] {
  if (line.length <= 80) {
    return [line];
  }
  const cut = line.lastIndexOf(' ', 80);
  return cut <= 8 ? [line] : [line.slice(0, cut), ...wrap(`  ${line.slice(cut + 1)}`)];
}
