import { loadAll } from '../../analysis/load';
import { funnelFigure, purchaseTable, timeFigure } from '../../analysis/report/cost-figures';
import { axisSwitch, coloursOf, curveFigure, strataFigure } from '../../analysis/report/figures';
import { funnelTables } from '../../analysis/report/funnel';
import { type Html, html } from '../../analysis/report/html';
import { strataOf } from '../../analysis/report/strata';
import { spendTable } from '../../analysis/report/tables';
import type { ExperimentResults, RunResults } from '../../analysis/results-schema';
import { settingsOf } from '../../analysis/settings';
import type { Workspace } from '../../store/workspace';
import { recordStamp } from './record-stamp';

/** Pages whose figures are kept; a page of an experiment has a few hundred KB of them. */
const KEPT_MAX = 16;

/** The report's own figures of a run or an experiment. They change when a record does, and are drawn only then. */
export function openFigures(workspace: Workspace) {
  const kept = new Map<string, { readonly stamp: string; readonly figures: Promise<Html | null> }>();

  /** @returns `null` where nothing has been measured yet */
  return async (name: string, runs: readonly string[]): Promise<Html | null> => {
    const stamp = await stampOf(workspace, runs);
    if (stamp === '') {
      return null;
    }
    const known = kept.get(name);
    kept.delete(name);
    const current =
      known?.stamp === stamp
        ? known
        : { stamp, figures: loadAll(workspace.root, name, { withRows: false }).then(({ results }) => draw(results)) };
    kept.set(name, current);
    const [oldest] = kept.keys();
    if (kept.size > KEPT_MAX && oldest !== undefined) {
      kept.delete(oldest);
    }
    return current.figures;
  };
}

/** Changes when the record of one of the runs was replaced; empty where none has one. */
async function stampOf(workspace: Workspace, runs: readonly string[]): Promise<string> {
  const stamps = await Promise.all(runs.map(async (run) => ({ run, stamp: await recordStamp(workspace, run) })));
  return stamps.flatMap(({ run, stamp }) => (stamp === '' ? [] : [`${run} ${stamp}`])).join('\n');
}

function draw(results: RunResults | ExperimentResults): Html {
  const colours = coloursOf(results);
  const runs = results.kind === 'run' ? [results] : results.runs;
  const settings = results.kind === 'run' ? [{ name: '', results }] : settingsOf(results);
  const curves = settings.map(({ name: setting, results: own }) => {
    const look = { colours, setting: settings.length === 1 ? '' : setting };
    return html`${curveFigure(own, 'macro', look)}${curveFigure(own, 'overall', look)}`;
  });
  return html`<h2>Learning curves</h2>${axisSwitch(results)}<div class="figures">${curves}</div>
${settings.map(({ name: setting, results: own }) => strataFigure(strataOf(own), { colours, setting: settings.length === 1 ? '' : setting }))}
<h2>Budget and time</h2>${spendTable(results, colours)}${purchaseTable(results, colours)}${timeFigure(results, colours)}
<h2>From picks to rows</h2>${funnelFigure(results, colours)}${funnelTables(runs)}`;
}
