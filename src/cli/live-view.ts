import { bracket, count, decimal, plural, signed } from '../analysis/phrases';
import { formatUsd } from '../core/budget/price';
import { isOpen, type RunSnapshot, type Snapshot } from './snapshot';

const BAR_WIDTH = 16;

/** The live view as lines, for a terminal of the given size. Pure, so that it can be tested as text. */
export function renderLive(
  snapshot: Snapshot,
  columns: number,
  rows = Number.POSITIVE_INFINITY,
  footer = 'Ctrl-C interrupts the run; the same command resumes it.',
): string[] {
  const waiting = waits(snapshot).slice(0, WAITS_SHOWN);
  const { shown, hidden } = fitting(snapshot.runs, rows - waiting.length - LINES_AROUND);
  const nameWidth = Math.max(...shown.map(({ run }) => shortName(snapshot, run).length), 4);
  return [
    header(snapshot, columns),
    ...shown.map((run) => runLine(run, shortName(snapshot, run.run).padEnd(nameWidth), columns)),
    ...(hidden.length === 0 ? [] : [`  and ${hidden.length} more: ${countStates(hidden)}`]),
    ...waiting,
    footer,
  ].map((line) => cut(line, columns));
}

/** Header, footer, and the line of the cursor. */
const LINES_AROUND = 3;
const WAITS_SHOWN = 5;

/** With more runs than lines, running ones are shown first. */
function fitting(runs: readonly RunSnapshot[], lines: number) {
  if (runs.length <= lines) {
    return { shown: runs, hidden: [] };
  }
  const isRunning = ({ state }: RunSnapshot) => isOpen(state);
  const ordered = [...runs.filter(isRunning), ...runs.filter((run) => !isRunning(run))];
  const kept = new Set(ordered.slice(0, Math.max(1, lines - 1)));
  return { shown: runs.filter((run) => kept.has(run)), hidden: runs.filter((run) => !kept.has(run)) };
}

function countStates(runs: readonly RunSnapshot[]): string {
  const counts = new Map<string, number>();
  for (const { state } of runs) {
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return [...counts].map(([state, number]) => `${number} ${state}`).join(', ');
}

/** The same for a log: one line, complete in itself. */
export function renderPlain(snapshot: Snapshot): string {
  const { runs } = snapshot;
  const running = runs.filter(({ state }) => isOpen(state));
  const what = running.map((run) => `${shortName(snapshot, run.run)}: ${activity(run)}`).join('; ');
  return `${clock(snapshot.elapsedSeconds)}  ${doneOf(snapshot)}, ${teacherText(snapshot)}${what && `; ${what}`}`;
}

/** What stays on the screen when an iteration has finished. */
export function renderIteration(run: RunSnapshot): string {
  const left = leftText(run);
  const parts = [
    `${run.run}: iteration ${run.iterationsDone} of ${run.iterations} finished`,
    `${count(run.rowsAccepted)} of ${count(run.rowsPlanned)} rows`,
    accuracyText(run),
    left === null ? null : `${left} left`,
  ];
  return parts.filter((part) => part !== null).join(', ');
}

/** `tutelage status`: a paragraph for each run, with its account. */
export function renderStatus(snapshot: Snapshot, columns: number): string[] {
  const { name, source, runs, parallelRuns } = snapshot;
  const how = source === 'live' ? '' : '   not running; last saved state';
  return [
    `${name}  ${doneOf(snapshot)}, ${teacherText(snapshot)}${how}`,
    ...(snapshot.waitingFor === null ? [] : [`  waiting  ${snapshot.waitingFor}`]),
    ...(parallelRuns === null ? [] : [`  runs     ${parallelRuns} at a time`]),
    ...lastChanges(snapshot).map((change) => `  changed  ${change}`),
    ...runs.flatMap((run) => runParagraph(run, shortName(snapshot, run.run))),
  ].map((line) => cut(line, columns));
}

function runParagraph(run: RunSnapshot, name: string): string[] {
  const lines: [string, string | null][] = [
    ['rows', `${count(run.rowsAccepted)} of ${count(run.rowsPlanned)}`],
    ['budget', budgetText(run)],
    ['calls', callsText(run)],
    ['student', accuracyText(run)],
    ['left', run.secondsLeft === null ? null : `about ${leftText(run)}`],
    ['failed', run.failure === null ? null : `${run.failure.reason} (at ${run.failure.at})`],
    ['waiting', run.waitingFor === null ? null : `${run.waitingFor} (since ${run.waitingSince ?? 'unknown'})`],
    ...lastChanges(run).map((change): [string, string] => ['changed', change]),
  ];
  return [
    `  ${name}  ${isOpen(run.state) && run.step !== '' ? activity(run) : `${run.state}, iteration ${run.iteration} of ${run.iterations}`}`,
    ...lines.flatMap(([label, text]) => (text === null ? [] : [`    ${label.padEnd(8)} ${text}`])),
  ];
}

/** A range, unless both ends are the same to the minute. */
export function leftText({ secondsLeft: low, secondsLeftMax: high }: RunSnapshot): string | null {
  if (low === null) {
    return null;
  }
  return high === null || high - low < 60 ? clock(low) : `${clock(low)} to ${clock(high)}`;
}

const lastChanges = ({ changes }: Pick<RunSnapshot, 'changes'>) =>
  changes.slice(-3).map(({ who, at, what }) => `${what}, by ${who} at ${at}`);

/** The longest of some wordings that fits: whatever a narrow terminal leaves out, it is not the formatUsd. */
function header(snapshot: Snapshot, columns: number): string {
  const { name } = snapshot;
  const running = `running ${clock(snapshot.elapsedSeconds)}`;
  const [withProjection = '', plain = ''] = moneyTexts(snapshot);
  return firstThatFits(
    [
      `${name}  ${doneOf(snapshot)}   ${running}   ${teacherText(snapshot)}`,
      `${name}  ${doneOf(snapshot)}   ${teacherText(snapshot)}`,
      ...(withProjection === ''
        ? []
        : [
            `${name}  ${doneOf(snapshot)}   ${withProjection}`,
            `${name}  ${withProjection}`,
            `${name}  ${plain}`,
            plain,
          ]),
    ],
    columns,
  );
}

const firstThatFits = (wordings: readonly string[], columns: number): string =>
  wordings.find((wording) => wording.length <= columns) ?? wordings.at(-1) ?? '';

function doneOf({ runs }: Snapshot): string {
  const done = runs.filter(({ state }) => state === 'complete' || state === 'stopped').length;
  return `${done}/${plural(runs.length, 'run')} complete`;
}

function teacherText(snapshot: Snapshot): string {
  const { teacher } = snapshot;
  const parts = [`${plural(teacher.bought, 'answer')} bought`, plural(teacher.tokens, 'token')];
  if (teacher.shared > 0) {
    parts.push(`${count(teacher.shared)} shared`);
  }
  if (teacher.unknown > 0) {
    parts.push(`${count(teacher.unknown)} unknown`);
  }
  if (teacher.failed > 0) {
    parts.push(`${plural(teacher.failed, 'call')} failed`);
  }
  const [paid] = moneyTexts(snapshot);
  return [...parts, ...(paid === undefined ? [] : [paid])].join(', ');
}

/** What all runs together have paid, with the projection and without; nothing where nothing was paid. */
function moneyTexts({ teacher, runs }: Snapshot): string[] {
  if (teacher.usd === 0) {
    return [];
  }
  const projected = runs.reduce((sum, run) => sum + (run.projectedUsd ?? 0), 0);
  const caps = runs.map(({ budget }) => budget?.usd.cap ?? null).filter((cap) => cap !== null);
  const cap = caps.length === runs.length ? ` of ${formatUsd(caps.reduce((sum, one) => sum + one, 0))}` : '';
  const paid = `${formatUsd(teacher.usd)}${cap}`;
  return [projected > teacher.usd ? `${paid} (projected ${formatUsd(projected)})` : paid, paid];
}

/** A narrower terminal has room for the current step and little else. */
const WIDE_COLUMNS = 90;

function runLine(run: RunSnapshot, name: string, columns: number): string {
  const rows = `${count(run.rowsAccepted)}/${count(run.rowsPlanned)} rows`;
  const known = leftText(run);
  const left = known === null ? '' : `, ${known} left`;
  const text = accuracyText(run);
  const student = text === null ? '' : `   ${text}`;
  if (columns < WIDE_COLUMNS) {
    return `  ${name}  ${activity(run)}${left}, ${rows}${student}`;
  }
  const share = run.rowsPlanned === 0 ? 0 : run.rowsAccepted / run.rowsPlanned;
  return `  ${name}  ${bar(share)} ${rows.padStart(17)}   ${activity(run)}${left}${student}`;
}

function waits({ name, waitingFor, runs }: Snapshot): string[] {
  const ofExperiment = waitingFor === null ? [] : [{ run: name, waitingFor }];
  return [...ofExperiment, ...runs].flatMap((one) =>
    one.waitingFor === null ? [] : [`  ${one.run} is waiting: ${one.waitingFor}`],
  );
}

export function activity(run: RunSnapshot): string {
  if (!isOpen(run.state)) {
    return run.state;
  }
  const { progress, ratePerSecond, oldestCallSeconds } = run;
  const step = run.iteration > 0 ? `iteration ${run.iteration} of ${run.iterations}, ${run.step}` : run.step;
  const parts = [
    progress === null ? step : `${step} ${count(progress.done)}/${count(progress.total)} ${progress.unit}`,
  ];
  if (ratePerSecond !== null && progress !== null) {
    parts.push(`${ratePerSecond.toFixed(1)} ${progress.unit}/s`);
  }
  if (ratePerSecond !== null && ratePerSecond > 0 && progress !== null && run.secondsLeft === null) {
    parts.push(`${clock((progress.total - progress.done) / ratePerSecond)} left in this step`);
  }
  if (progress?.note !== undefined) {
    parts.push(progress.note);
  }
  if (oldestCallSeconds !== null) {
    parts.push(`oldest call ${Math.round(oldestCallSeconds)} s`);
  }
  return [...parts, `${Math.round(run.stepSeconds)} s`].join(', ');
}

export function accuracyText({ accuracy, interval, accuracyChange, macroAccuracy }: RunSnapshot): string | null {
  if (accuracy === null) {
    return null;
  }
  const change = accuracyChange === null ? '' : `, ${signed(accuracyChange)}`;
  return `accuracy ${decimal(accuracy)} ${bracket(interval)}${change}, macro ${decimal(macroAccuracy)}`;
}

export function budgetText({ budget, projectedUsd }: RunSnapshot): string | null {
  if (budget === null) {
    return null;
  }
  const part = ({ spent, cap }: { spent: number; cap: number | null }, show: (value: number) => string) =>
    cap === null ? show(spent) : `${show(spent)} of ${show(cap)}`;
  const projection = projectedUsd === null ? '' : ` (projected ${formatUsd(projectedUsd)})`;
  return `${part(budget.usd, formatUsd)}${projection}, ${part(budget.samples, count)} rows, ${part(budget.tokens, count)} tokens`;
}

export function callsText({ inFlight, oldestCallSeconds, unknownCalls, failedCalls }: RunSnapshot): string | null {
  const oldest = oldestCallSeconds === null ? '' : `, the oldest for ${Math.round(oldestCallSeconds)} s`;
  const parts = [
    `${inFlight} in flight${oldest}`,
    ...(unknownCalls === 0 ? [] : [`${unknownCalls} unknown`]),
    ...(failedCalls === 0 ? [] : [`${failedCalls} failed`]),
  ];
  return inFlight + unknownCalls + failedCalls === 0 ? null : parts.join(', ');
}

function bar(share: number): string {
  const filled = Math.round(Math.min(1, share) * BAR_WIDTH);
  return '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
}

/** The name of an experiment is shown once, in the header. */
function shortName({ name }: Snapshot, run: string): string {
  return run.startsWith(`${name}/`) ? run.slice(name.length + 1) : run;
}

const cut = (line: string, columns: number) => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line);

function clock(seconds: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}
