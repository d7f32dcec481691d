import { count, decimal, signed } from '../../analysis/phrases';
import { type Html, html, trusted } from '../../analysis/report/html';
import { table } from '../../analysis/report/tables';
import { formatUsd } from '../../core/budget/price';
import { ageText } from '../list';
import { leftText } from '../live-view';
import { type RunSnapshot, runSnapshotSchema } from '../snapshot';
import { type Page, part, runAddressOf } from './page';
import type { LookedAt, WorkspaceLook } from './watch';

/** One line of the table: a run, or an experiment as a whole. */
interface Line {
  readonly name: string;
  readonly states: readonly string[];
  readonly cells: Readonly<Record<Column, Html | string>>;
  /** What a column is sorted by. Without a number, a line comes last. */
  readonly values: Readonly<Partial<Record<Column, number | null>>>;
}

const columns = {
  name: 'name',
  state: 'state',
  iteration: 'iteration',
  rows: 'rows',
  accuracy: 'accuracy',
  spent: 'spent',
  rate: 'rate',
  left: 'time left',
  changed: 'changed',
  disk: 'disk',
} as const;

type Column = keyof typeof columns;

const columnNames = Object.keys(columns) as readonly Column[];
const isColumn = (text: string): text is Column => (columnNames as readonly string[]).includes(text);

/** What the address of the page says. */
interface Wanted {
  readonly text: string;
  readonly state: string;
  readonly sort: Column;
  readonly isDown: boolean;
}

export function workspacePage(look: WorkspaceLook, query: URLSearchParams, nowMs: number): Page {
  const wanted = wantedOf(query);
  const lines = look.works.flatMap((work) => linesOf(work, nowMs));
  const found = lines.filter((line) => matches(line, wanted)).toSorted((left, right) => compare(left, right, wanted));
  const runs = runsPart(look, { lines, found, wanted });
  return {
    title: 'Workspace',
    trail: null,
    body: html`${filters(wanted)}${part('runs', runs)}`,
    parts: new Map([['runs', runs]]),
  };
}

function runsPart(
  { damages }: WorkspaceLook,
  { lines, found, wanted }: { lines: readonly Line[]; found: readonly Line[]; wanted: Wanted },
): Html {
  const problems = damages.map((damage) => html`<p class="problem">${damage}</p>`);
  if (lines.length === 0) {
    return html`${problems}<p>Nothing has been started in this workspace yet. Start a run: <code>tutelage run FILE</code></p>`;
  }
  const number = new Set<Column>(['iteration', 'rows', 'accuracy', 'spent', 'rate', 'left', 'disk']);
  return html`${problems}${table({
    caption:
      found.length === lines.length
        ? `Runs and experiments: ${count(lines.length)}`
        : `Runs and experiments: ${count(found.length)} of ${count(lines.length)}`,
    columns: columnNames.map((name) =>
      number.has(name) ? [sortLink(name, wanted), 'number'] : [sortLink(name, wanted)],
    ),
    rows: found.map(({ cells }) => columnNames.map((name) => cells[name])),
  })}`;
}

/** Numbers are first sorted with the largest at the top; a second click turns it round. */
function sortLink(name: Column, { text, state, sort, isDown }: Wanted): Html {
  const isCurrent = sort === name;
  const startsDown = name !== 'name' && name !== 'state' && name !== 'changed';
  const address = queryOf({ text, state, sort: name, isDown: isCurrent ? !isDown : startsDown });
  return html`<a href="/${address}">${columns[name]}</a>${isCurrent ? (isDown ? ' ↓' : ' ↑') : null}`;
}

function filters({ text, state, sort, isDown }: Wanted): Html {
  const option = (name: string) =>
    html`<option${name === state ? trusted(' selected') : null} value="${name}">${name === '' ? 'any' : name}</option>`;
  return html`<form class="filters" role="search" action="/" method="get">
<label>Name <input type="search" name="q" value="${text}"></label>
<label>State <select name="state">${['', ...runSnapshotSchema.shape.state.options].map(option)}</select></label>
<input type="hidden" name="sort" value="${sort}"><input type="hidden" name="order" value="${isDown ? 'down' : 'up'}">
<button>Filter</button></form>`;
}

function wantedOf(query: URLSearchParams): Wanted {
  const sort = query.get('sort') ?? '';
  return {
    text: (query.get('q') ?? '').slice(0, 200),
    state: query.get('state') ?? '',
    sort: isColumn(sort) ? sort : 'name',
    isDown: query.get('order') === 'down',
  };
}

function queryOf({ text, state, sort, isDown }: Wanted): string {
  const query = new URLSearchParams({ q: text, state, sort, order: isDown ? 'down' : 'up' });
  for (const name of ['q', 'state']) {
    if (query.get(name) === '') {
      query.delete(name);
    }
  }
  return `?${query}`;
}

const matches = ({ name, states }: Line, { text, state }: Wanted) =>
  name.toLowerCase().includes(text.toLowerCase()) && (state === '' || states.includes(state));

function compare(left: Line, right: Line, { sort, isDown }: Wanted): number {
  const turn = isDown ? -1 : 1;
  const [a, b] = [left.values[sort] ?? null, right.values[sort] ?? null];
  if (a !== null && b !== null && a !== b) {
    return turn * (a - b);
  }
  if (a !== b) {
    return a === null ? 1 : -1;
  }
  const byState = sort === 'state' ? turn * left.states.join().localeCompare(right.states.join()) : 0;
  const byName = left.name < right.name ? -1 : 1;
  return byState === 0 ? (sort === 'name' ? turn : 1) * byName : byState;
}

function linesOf({ snapshot, kind, listed }: LookedAt, nowMs: number): Line[] {
  const changedMs = nowMs - Date.parse(listed.changedAt);
  const onDisk = {
    cells: { changed: ageText(changedMs), disk: `${(listed.bytes / 1e6).toFixed(1)} MB` },
    values: { changed: changedMs, disk: listed.bytes },
  };
  const runs = snapshot.runs.map((run) => runLine(run, kind === 'run' ? onDisk : null));
  return kind === 'run' ? runs : [experimentLine(snapshot, listed, onDisk), ...runs];
}

type OnDisk = { readonly cells: Pick<Line['cells'], 'changed' | 'disk'>; readonly values: Line['values'] };

function experimentLine(
  { name, runs, waitingFor }: LookedAt['snapshot'],
  listed: LookedAt['listed'],
  onDisk: OnDisk,
): Line {
  const states = Object.entries(listed.states).map(([state, amount]) => `${amount} ${state}`);
  const reason = waitingFor === null ? null : html`<span class="reason">${waitingFor}</span>`;
  return {
    name,
    states: runs.map(({ state }) => state),
    cells: {
      name: html`<a href="${runAddressOf(name)}">${name}</a>`,
      state: html`${states.join(', ')}${reason}`,
      iteration: '',
      rows: `${count(listed.rowsAccepted)} of ${count(listed.rowsPlanned)}`,
      accuracy: '',
      spent: listed.usd > 0 ? formatUsd(listed.usd) : `${count(listed.tokens)} tokens`,
      rate: '',
      left: '',
      ...onDisk.cells,
    },
    values: { rows: listed.rowsAccepted, spent: listed.usd > 0 ? listed.usd : listed.tokens / 1e12, ...onDisk.values },
  };
}

function runLine(run: RunSnapshot, onDisk: OnDisk | null): Line {
  const { ratePerSecond: rate, progress } = run;
  return {
    name: run.run,
    states: [run.state],
    cells: {
      name: html`<a href="${runAddressOf(run.run)}">${run.run}</a>`,
      state: stateOf(run),
      iteration: `${run.iteration} of ${run.iterations}`,
      rows: `${count(run.rowsAccepted)} of ${count(run.rowsPlanned)}`,
      accuracy: accuracyOf(run),
      spent: spentOf(run),
      rate: rate === null || progress === null ? '' : `${rate.toFixed(1)} ${progress.unit}/s`,
      left: leftText(run) ?? '',
      ...(onDisk?.cells ?? { changed: '', disk: '' }),
    },
    values: {
      iteration: run.iteration,
      rows: run.rowsAccepted,
      accuracy: run.accuracy,
      spent: run.budget === null ? null : run.budget.usd.spent || run.budget.tokens.spent / 1e12,
      rate,
      left: run.secondsLeft,
      ...onDisk?.values,
    },
  };
}

/** The state of a run, and why it is in it. */
export function stateOf({ state, failure, waitingFor }: RunSnapshot): Html {
  const reason = failure?.reason ?? waitingFor;
  return html`<span class="state ${state}">${state}</span>${reason === null ? null : html`<span class="reason">${reason}</span>`}`;
}

function accuracyOf({ accuracy, interval, accuracyChange: change }: RunSnapshot): Html | string {
  if (accuracy === null) {
    return '';
  }
  const range = interval && html` <span class="interval">[${decimal(interval.low)}, ${decimal(interval.high)}]</span>`;
  const sign = change && html` <span class="${change > 0 ? 'above' : 'below'}">${signed(change)}</span>`;
  return html`${decimal(accuracy)}${range}${sign || null}`;
}

/** In USD where a price is set. */
function spentOf({ budget }: RunSnapshot): string {
  if (budget === null) {
    return '';
  }
  const { usd, tokens } = budget;
  const of = (cap: number | null, show: (value: number) => string) => (cap === null ? '' : ` of ${show(cap)}`);
  return usd.spent > 0 || usd.cap !== null
    ? `${formatUsd(usd.spent)}${of(usd.cap, formatUsd)}`
    : `${count(tokens.spent)}${of(tokens.cap, count)} tokens`;
}
