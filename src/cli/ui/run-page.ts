import { count } from '../../analysis/phrases';
import { type Html, html } from '../../analysis/report/html';
import { table } from '../../analysis/report/tables';
import { accuracyText, activity, budgetText, callsText, leftText } from '../live-view';
import { isOpen, type RunSnapshot, type Snapshot } from '../snapshot';
import { answersAddressOf, type Page, part, rowsAddressOf, runAddressOf } from './page';
import type { LookedAt, WorkspaceLook } from './watch';
import { stateOf } from './workspace-page';

/** The run or experiment of a page, with what it belongs to. */
export interface Shown {
  readonly name: string;
  readonly work: LookedAt;
  /** The run itself, or those of the experiment. */
  readonly runs: readonly RunSnapshot[];
}

export function findShown({ works }: WorkspaceLook, name: string): Shown | null {
  for (const work of works) {
    if (work.snapshot.name === name) {
      return { name, work, runs: work.snapshot.runs };
    }
    const run = work.snapshot.runs.find((one) => one.run === name);
    if (run !== undefined) {
      return { name, work, runs: [run] };
    }
  }
  return null;
}

/** @param figures those of the report; `null` before the base student was measured */
export function runPage({ name, work, runs }: Shown, figures: Html | null): Page {
  const { snapshot, kind } = work;
  const isRun = kind === 'run' || name !== snapshot.name;
  const [run] = runs;
  const now = isRun && run !== undefined ? runNow(run, snapshot) : experimentNow(snapshot);
  const drawn = figures ?? html`<p class="note">Figures follow when the base student has been evaluated.</p>`;
  return {
    title: name,
    trail: html` › ${name === snapshot.name ? null : html`<a href="${runAddressOf(snapshot.name)}">${snapshot.name}</a> › `}${name}`,
    body: html`${isRun && figures !== null ? samplesLinks(name) : null}${part('now', now)}${part('figures', drawn)}`,
    parts: new Map([
      ['now', now],
      ['figures', drawn],
    ]),
  };
}

const samplesLinks = (run: string): Html =>
  html`<p><a href="${rowsAddressOf(run)}">Rows that were bought</a> · <a href="${answersAddressOf(run)}">Test answers</a></p>`;

function runNow(run: RunSnapshot, { source }: Snapshot): Html {
  const facts: readonly (readonly [string, Html | string | null])[] = [
    ['State', stateOf(run)],
    ['Now', isOpen(run.state) && run.step !== '' ? activity(run) : null],
    ['Waiting since', run.waitingFor === null ? null : (run.waitingSince ?? 'unknown')],
    ['Failed at', run.failure?.at ?? null],
    ['Iteration', `${run.iteration} of ${run.iterations}, ${run.iterationsDone} finished`],
    ['Rows', `${count(run.rowsAccepted)} of ${count(run.rowsPlanned)}`],
    ['Student', accuracyText(run)],
    ['Spent', budgetText(run)],
    ['Calls', callsText(run)],
    ['Time left', run.secondsLeft === null ? null : `about ${leftText(run)}`],
    ['Told by', source === 'live' ? 'the running workflow' : 'the workspace; not running'],
  ];
  return html`${progressOf([run])}<dl class="facts">${facts.map(([term, fact]) => (fact === null ? null : html`<div><dt>${term}</dt><dd>${fact}</dd></div>`))}</dl>
${attemptsTable(run)}${changesTable(run.changes)}`;
}

function experimentNow({ name, runs, waitingFor, parallelRuns, changes }: Snapshot): Html {
  return html`${progressOf(runs)}${waitingFor === null ? null : html`<p class="problem">${waitingFor}</p>`}
${parallelRuns === null ? null : html`<p class="note">${parallelRuns} at a time</p>`}
${table({
  caption: `Runs of ${name}`,
  columns: [['run'], ['state'], ['now'], ['rows', 'number'], ['student'], ['spent']],
  rows: runs.map((run) => [
    html`<a href="${runAddressOf(run.run)}">${run.run}</a>`,
    stateOf(run),
    isOpen(run.state) ? activity(run) : `iteration ${run.iteration} of ${run.iterations}`,
    `${count(run.rowsAccepted)} of ${count(run.rowsPlanned)}`,
    accuracyText(run) ?? '',
    budgetText(run) ?? '',
  ]),
})}${changesTable(changes)}`;
}

function progressOf(runs: readonly RunSnapshot[]): Html {
  const done = runs.reduce((sum, { rowsAccepted }) => sum + rowsAccepted, 0);
  const planned = runs.reduce((sum, { rowsPlanned }) => sum + rowsPlanned, 0);
  return html`<progress aria-label="Rows of those planned" max="${Math.max(1, planned)}" value="${done}">${done} of ${planned}</progress>`;
}

const attemptsTable = ({ failedAttempts = [] }: RunSnapshot): Html | null =>
  failedAttempts.length === 0
    ? null
    : table({
        caption: 'Steps that failed and are being repeated',
        columns: [['step'], ['attempt', 'number'], ['reason']],
        rows: failedAttempts.map(({ step, attempt, reason }) => [step, String(attempt), reason]),
      });

const changesTable = (changes: Snapshot['changes']): Html | null =>
  changes.length === 0
    ? null
    : table({
        caption: 'What was changed, by whom and when',
        columns: [['change'], ['who'], ['when']],
        rows: changes.map(({ what, who, at }) => [what, who, at]),
      });
