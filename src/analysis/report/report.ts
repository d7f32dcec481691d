import type { ExperimentResults, RunResults } from '../results-schema';
import { findings, isComplete, spendLine, stateLine } from '../wording';
import { coloursOf, curveFigure, strataFigure } from './figures';
import { type Html, html, trusted } from './html';
import { artifactTables, configTables } from './provenance';
import { strataOf } from './strata';
import { style } from './style';
import { comparisonTable, outcomeTable, runTable, spendTable, strataTable } from './tables';

/**
 * The report of a run or an experiment: one HTML file that opens from disk, a function of the results alone. It asks
 * the network for nothing (its own policy forbids it), and the results themselves are embedded in it.
 */
export function renderReport(results: RunResults | ExperimentResults): string {
  const name = results.kind === 'run' ? results.run : results.experiment;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${name} · tutelage</title>
<style>${trusted(style)}</style>
</head>
<body>
<header>
<p class="eyebrow">tutelage · ${results.kind}</p>
<h1>${name}</h1>
<p class="soft">${stateLine(results)} · ${spendLine(results)}</p>
${findingList(results)}
</header>
<main>
${sections(results)}
</main>
<script type="application/json" id="results">${trusted(inertJson(results))}</script>
</body>
</html>
`;
  return page.markup;
}

function findingList(results: RunResults | ExperimentResults): Html | null {
  if (results.kind === 'run' || results.comparisons.length === 0) {
    return null;
  }
  const of = (metric: string) => results.comparisons.filter((found) => found.metric === metric);
  const told = [...of('macro'), ...of('overall')].map((one) => findings(one, isComplete(results)));
  // A saving in rows is the plainest thing to say; where there is none, the first difference leads.
  const lead = told.find((lines) => lines.length > 1 && lines[1]?.includes(' reached '))?.[1] ?? told[0]?.[0] ?? '';
  const rest = told.flat().filter((line) => line !== lead);
  return html`<ul class="findings"><li class="lead">${lead}</li>${rest.map((line) => html`<li>${line}</li>`)}</ul>`;
}

function sections(results: RunResults | ExperimentResults): Html {
  const colours = coloursOf(results);
  const arms = strataOf(results);
  const runs = results.kind === 'run' ? [results] : results.runs;
  const hasStrata = arms.some(({ strata }) => strata.length > 0);
  return html`<section aria-labelledby="curves"><h2 id="curves">Learning curves</h2>
<div class="figures">${curveFigure(results, 'macro')}${curveFigure(results, 'overall')}</div></section>
${results.kind === 'run' ? null : html`<section aria-labelledby="outcome"><h2 id="outcome">Outcome</h2>${outcomeTable(results, colours)}</section>`}
${
  results.kind === 'run' || results.comparisons.length === 0
    ? null
    : html`<section aria-labelledby="against"><h2 id="against">Against random selection</h2>${comparisonTable(results.comparisons, colours)}</section>`
}
<section aria-labelledby="budget"><h2 id="budget">Budget</h2>${spendTable(results, colours)}</section>
${hasStrata ? html`<section aria-labelledby="strata"><h2 id="strata">By stratum</h2>${strataFigure(arms, colours)}${strataTable(arms, colours)}</section>` : null}
<section aria-labelledby="runs"><h2 id="runs">Runs</h2>${runTable(runs, results.kind === 'run' ? [] : results.notStarted)}</section>
<section aria-labelledby="configuration"><h2 id="configuration">Configuration</h2>${configTables(runs)}</section>
<section aria-labelledby="artifacts"><h2 id="artifacts">Artifacts</h2>
<p class="note">Equal hashes are equal content: two runs made the same selections, rows and weights exactly when these agree.</p>
${artifactTables(runs)}</section>`;
}

/** JSON that cannot end its script element, whatever it says. */
const inertJson = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c');
