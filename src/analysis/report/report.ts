import { createHash } from 'node:crypto';
import { axesOf } from '../axis';
import { otherCosts } from '../comparison';
import type { RunRows } from '../data/load-rows';
import { pairedArms } from '../pairs';
import { count, findings, isComplete, plural, spendLine, stateLine } from '../phrases';
import { type Comparison, type ExperimentResults, measureOf, type RunResults } from '../results-schema';
import { settingsOf } from '../settings';
import { studentNotes } from '../student-notes';
import {
  cumulativeFigures,
  dataShareFigures,
  diagnosedFigures,
  healthFigure,
  picksFigure,
  winRateFigures,
} from './analysis-figures';
import { funnelFigure, purchaseTable, timeFigure } from './cost-figures';
import { fairnessNotes } from './fairness-notes';
import { axisSwitch, coloursOf, curveFigure, type Look, strataFigure } from './figures';
import { funnelTables } from './funnel';
import { generator } from './generator';
import { type Html, html, trusted } from './html';
import { artifactTables, configTables } from './provenance';
import { type RowData, rowData } from './row-data';
import { script } from './script';
import { strataOf } from './strata';
import { style } from './style';
import {
  comparisonTable,
  otherCostsTable,
  outcomeTable,
  questionsTable,
  runTable,
  sampledTable,
  spendTable,
} from './tables';

/** The page's policy allows one script, by hash, so text that a model wrote can never run. */
const scriptHash = createHash('sha256').update(script).digest('base64');
const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${scriptHash}'`;

/**
 * The report of a run or an experiment: one HTML file that opens from disk, a function of stored data alone. It loads
 * nothing from the network (its own policy forbids it) and embeds the results.
 *
 * @param rows of its runs, for the table of picks, which is left out without them
 */
export function renderReport(results: RunResults | ExperimentResults, rows: readonly RunRows[] = []): string {
  const name = results.kind === 'run' ? results.run : results.experiment;
  const packed = rowData(results.kind === 'run' ? [results] : results.runs, rows);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="${generator()}">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${name} · tutelage</title>
<style>${trusted(style)}</style>
</head>
<body>
<header>
<p class="eyebrow">tutelage · ${results.kind}</p>
<h1>${name}</h1>
<p class="soft">${stateLine(results)} · ${spendLine(results)}</p>
${findingLists(results)}
</header>
<main>
${sections(results, packed)}
</main>
<script type="application/json" id="results">${trusted(inertJson(results))}</script>
${packed === null ? null : html`<script type="text/plain" id="rows-packed">${trusted(packed.packed)}</script>`}
<script>${trusted(script)}</script>
</body>
</html>
`;
  return page.markup;
}

/** The findings of each setting: the winner in one line; with several settings, the others at a click. */
function findingLists(results: RunResults | ExperimentResults): Html | null {
  if (results.kind === 'run' || results.comparisons.length === 0) {
    return null;
  }
  const settings = settingsOf(results);
  const lists = settings.map(({ name, results: own }) => {
    const { lead, rest } = findingsOf(own);
    const more = html`<ul>${rest.map((line) => html`<li>${line}</li>`)}</ul>`;
    return settings.length === 1
      ? html`<p class="lead">${lead}</p>${more}`
      : html`<div><h2>${name}</h2><p class="lead">${lead}</p><details><summary>${plural(rest.length, 'finding')} more</summary>${more}</details></div>`;
  });
  return html`<div class="findings">${lists}</div>`;
}

function comparisonTables(results: ExperimentResults, colours: ReadonlyMap<string, string>): Html {
  const { comparisons } = results;
  return html`${comparisonTable(comparisons, colours)}${otherCostsTable(withSeconds(results), colours)}${questionsTable(comparisons, colours)}`;
}

/** Seconds depend on the machine, so results.json has them in `times` alone and the report compares by them. */
function withSeconds({ comparisons, arms, runs, times }: ExperimentResults): Comparison[] {
  const paired = axesOf(runs, times).includes('seconds') ? pairedArms(arms, runs) : [];
  return comparisons.map((one) => {
    const pairs = paired.find(({ arm, baseline }) => arm.arm === one.arm && baseline.arm === one.baseline)?.pairs ?? [];
    return { ...one, otherCosts: [...one.otherCosts, ...otherCosts(pairs, one.metric, ['seconds'], times)] };
  });
}

/** The arm with the largest gain first. A saving in rows is the clearest finding; without one, the difference leads. */
function findingsOf(results: ExperimentResults): { lead: string; rest: string[] } {
  const of = (metric: string) =>
    results.comparisons
      .filter((found) => found.metric === metric)
      .toSorted((left, right) => (right.difference?.mean ?? -1) - (left.difference?.mean ?? -1));
  const found = [...of('macro'), ...of('overall')].map((one) => findings(one, isComplete(results), measureOf(results)));
  const lead = found.find((lines) => lines.length > 1 && lines[1]?.includes(' reached '))?.[1] ?? found[0]?.[0] ?? '';
  return { lead, rest: found.flat().filter((line) => line !== lead) };
}

const notesList = (notes: readonly string[]): Html | null =>
  notes.length === 0 ? null : html`<ul class="plain">${notes.map((note) => html`<li>${note}</li>`)}</ul>`;

function sections(results: RunResults | ExperimentResults, packed: RowData | null): Html {
  const colours = coloursOf(results);
  const parts = (results.kind === 'run' ? [{ name: '', results }] : settingsOf(results)).map(
    ({ name, results: own }) => ({
      own,
      look: { setting: name, colours: coloursOf(own) },
    }),
  );
  const each = (draw: (part: (typeof parts)[number]) => Html | null) => joined(...parts.map(draw));
  const runs = results.kind === 'run' ? [results] : results.runs;
  const { analyses } = results;
  const list = results.kind === 'run' ? null : results;
  return html`${section('curves', 'Learning curves', html`${axisSwitch(results)}<div class="figures">${each(({ own, look }) => joined(curveFigure(own, 'macro', look), curveFigure(own, 'overall', look)))}</div>`)}
${section('outcome', 'Outcome', list && outcomeTable(list, colours))}
${section('sampled', 'Sampled answers', sampledTable(runs))}
${section('against', 'Against random selection', list && list.comparisons.length > 0 ? comparisonTables(list, colours) : null)}
${section('data', 'Rows that random selection needs', inGrid(each(({ own, look }) => dataShareFigures(own.analyses.dataShares, look))))}
${section('wins', 'Pairwise win rates', inGrid(winRateFigures(analyses.winRates)))}
${section('difficulty', 'Do hard seeds give hard rows?', inGrid(each(difficultyFigures)))}
${section(
  'why',
  'Which seeds are picked',
  joined(
    each(({ own, look }) => picksFigure(own.analyses.strata, look)),
    inGrid(each(({ own, look }) => healthFigure(own.analyses.health, look))),
  ),
)}
${section(
  'strata',
  'By stratum',
  each(({ own, look }) => strataFigure(strataOf(own), look)),
)}
${section('budget', 'Budget', html`${spendTable(results, colours)}${purchaseTable(results, colours)}${funnelFigure(results, colours)}${timeFigure(results, colours)}`)}
${section('funnel', 'From picks to rows', funnelTables(runs))}
${section('rows', 'Picks and rows', packed && rowBrowser(packed))}
${section('fairness', 'Fairness of the comparison', list && fairnessNotes(list))}
${section('students', 'Truncated answers and rows left out', notesList(studentNotes(results)))}
${section('runs', 'Runs', runTable(runs, list?.notStarted ?? [], list?.failed ?? []))}
${section('configuration', 'Configuration', configTables(runs))}
${section(
  'artifacts',
  'Artifacts',
  html`<p class="note">Equal hashes mean equal content: two runs have the same selections, rows and weights exactly if these agree.</p>
${artifactTables(runs)}`,
)}`;
}

function difficultyFigures({
  own: { analyses },
  look,
}: {
  own: RunResults | ExperimentResults;
  look: Look;
}): Html | null {
  return joined(
    diagnosedFigures(analyses.diagnosed, 'loss', look),
    diagnosedFigures(analyses.diagnosedRewards, 'reward', look),
    cumulativeFigures(analyses.cumulative, look),
  );
}

const section = (id: string, title: string, content: Html | null): Html | null =>
  content && html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${content}</section>`;

const joined = (...parts: readonly (Html | null)[]): Html | null =>
  parts.every((part) => part === null) ? null : html`${parts}`;

const inGrid = (...parts: readonly (Html | null)[]): Html | null => {
  const content = joined(...parts);
  return content && html`<div class="figures">${content}</div>`;
};

function rowBrowser({ shown, all }: RowData): Html {
  const bound = shown < all ? ` Shown: ${count(shown)} of ${count(all)}, evenly spread over every selection.` : '';
  return html`<p class="note">Every pick that was sent to the teacher, with its seed, score, requests, answers, verdict and price.${bound} rows.parquet has all of them.</p>
<div id="row-browser"></div><noscript><p>This table needs JavaScript; the rows are also in rows.parquet.</p></noscript>`;
}

/** JSON that cannot end its script element, whatever it contains. */
const inertJson = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c');
