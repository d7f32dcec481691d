import { bracket, count, decimal, signed } from '../analysis/wording';
import type { RunSnapshot, Snapshot } from './snapshot';

const BAR_WIDTH = 16;

/** The live view as lines, for a terminal of the given size. Pure, so that it can be tested as text. */
export function renderLive(snapshot: Snapshot, columns: number, rows = Number.POSITIVE_INFINITY): string[] {
  const waiting = waits(snapshot).slice(0, WAITS_SHOWN);
  const { shown, hidden } = fitting(snapshot.runs, rows - waiting.length - LINES_AROUND);
  const nameWidth = Math.max(...shown.map(({ run }) => shortName(snapshot, run).length), 4);
  return [
    header(snapshot),
    ...shown.map((run) => runLine(run, shortName(snapshot, run.run).padEnd(nameWidth), columns)),
    ...(hidden.length === 0 ? [] : [`  and ${hidden.length} more: ${countStates(hidden)}`]),
    ...waiting,
    'Ctrl-C stops here; the same command goes on from where it was.',
  ].map((line) => cut(line, columns));
}

/** Header, footer, and the line below, where the cursor rests. */
const LINES_AROUND = 3;
const WAITS_SHOWN = 5;

/** Where there are more runs than lines, those at work are shown first. */
function fitting(runs: readonly RunSnapshot[], lines: number) {
  if (runs.length <= lines) {
    return { shown: runs, hidden: [] };
  }
  const isAtWork = ({ state }: RunSnapshot) => state === 'running';
  const ordered = [...runs.filter(isAtWork), ...runs.filter((run) => !isAtWork(run))];
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
  const running = runs.filter(({ state }) => state === 'running');
  const what = running.map((run) => `${shortName(snapshot, run.run)}: ${activity(run)}`).join('; ');
  return `${clock(snapshot.elapsedSeconds)}  ${doneOf(snapshot)}, ${teacherText(snapshot)}${what && `; ${what}`}`;
}

/** `tutelage status`: a paragraph for each run, the same words as above and the account beside them. */
export function renderStatus(snapshot: Snapshot, columns: number): string[] {
  const { name, source, runs, parallelRuns } = snapshot;
  const how = source === 'live' ? '' : '   no process works on it; this is what the workspace knows';
  return [
    `${name}  ${doneOf(snapshot)}, ${teacherText(snapshot)}${how}`,
    ...(snapshot.waitingFor === null ? [] : [`  waits    ${snapshot.waitingFor}`]),
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
    ['left', run.secondsLeft === null ? null : `about ${clock(run.secondsLeft)}`],
    ['waits', run.waitingFor === null ? null : `${run.waitingFor} (since ${run.waitingSince ?? 'unknown'})`],
    ...lastChanges(run).map((change): [string, string] => ['changed', change]),
  ];
  return [
    `  ${name}  ${run.state === 'running' ? activity(run) : `${run.state}, iteration ${run.iteration} of ${run.iterations}`}`,
    ...lines.flatMap(([label, text]) => (text === null ? [] : [`    ${label.padEnd(8)} ${text}`])),
  ];
}

const lastChanges = ({ changes }: Pick<RunSnapshot, 'changes'>) =>
  changes.slice(-3).map(({ who, at, what }) => `${what}, by ${who} at ${at}`);

function header(snapshot: Snapshot): string {
  return `${snapshot.name}  ${doneOf(snapshot)}   running ${clock(snapshot.elapsedSeconds)}   ${teacherText(snapshot)}`;
}

function doneOf({ runs }: Snapshot): string {
  const done = runs.filter(({ state }) => state === 'complete' || state === 'stopped').length;
  return `${done}/${runs.length} ${runs.length === 1 ? 'run' : 'runs'} complete`;
}

function teacherText({ teacher, runs }: Snapshot): string {
  const parts = [`${count(teacher.bought)} answers bought`, `${count(teacher.tokens)} tokens`];
  if (teacher.shared > 0) {
    parts.push(`${count(teacher.shared)} shared`);
  }
  if (teacher.unknown > 0) {
    parts.push(`${count(teacher.unknown)} unknown`);
  }
  if (teacher.usd > 0) {
    const projected = runs.reduce((sum, run) => sum + (run.projectedUsd ?? 0), 0);
    const caps = runs.map(({ budget }) => budget?.usd.cap ?? null).filter((cap) => cap !== null);
    const cap = caps.length === runs.length ? ` of ${money(caps.reduce((sum, one) => sum + one, 0))}` : '';
    parts.push(`${money(teacher.usd)}${cap}${projected > teacher.usd ? ` (projected ${money(projected)})` : ''}`);
  }
  return parts.join(', ');
}

/** A narrow terminal has room for what is done now, and little else. */
const WIDE_COLUMNS = 90;

function runLine(run: RunSnapshot, name: string, columns: number): string {
  const rows = `${count(run.rowsAccepted)}/${count(run.rowsPlanned)} rows`;
  const left = run.secondsLeft === null ? '' : `, ${clock(run.secondsLeft)} left`;
  const text = accuracyText(run);
  const student = text === null ? '' : `   ${text}`;
  if (columns < WIDE_COLUMNS) {
    return `  ${name}  ${activity(run)}${left}, ${rows}${student}`;
  }
  const share = run.rowsPlanned === 0 ? 0 : run.rowsAccepted / run.rowsPlanned;
  return `  ${name}  ${bar(share)} ${rows.padStart(17)}   ${activity(run)}${left}${student}`;
}

function waits({ name, waitingFor, runs }: Snapshot): string[] {
  const held = waitingFor === null ? [] : [{ run: name, waitingFor }];
  return [...held, ...runs].flatMap((one) =>
    one.waitingFor === null ? [] : [`  ${one.run} waits: ${one.waitingFor}`],
  );
}

function activity(run: RunSnapshot): string {
  if (run.state !== 'running') {
    return run.state;
  }
  const { progress, ratePerSecond, oldestCallSeconds } = run;
  const place = run.iteration > 0 ? `iteration ${run.iteration} of ${run.iterations}, ${run.step}` : run.step;
  const parts = [
    progress === null ? place : `${place} ${count(progress.done)}/${count(progress.total)} ${progress.unit}`,
  ];
  if (ratePerSecond !== null && progress !== null) {
    parts.push(`${ratePerSecond.toFixed(1)} ${progress.unit}/s`);
  }
  if (oldestCallSeconds !== null) {
    parts.push(`oldest call ${Math.round(oldestCallSeconds)} s`);
  }
  return [...parts, `${Math.round(run.stepSeconds)} s`].join(', ');
}

function accuracyText({ accuracy, interval, accuracyChange, macroAccuracy }: RunSnapshot): string | null {
  if (accuracy === null) {
    return null;
  }
  const change = accuracyChange === null ? '' : `, ${signed(accuracyChange)}`;
  return `accuracy ${decimal(accuracy)} ${bracket(interval)}${change}, macro ${decimal(macroAccuracy)}`;
}

function budgetText({ budget, projectedUsd }: RunSnapshot): string | null {
  if (budget === null) {
    return null;
  }
  const part = ({ spent, cap }: { spent: number; cap: number | null }, show: (value: number) => string) =>
    cap === null ? show(spent) : `${show(spent)} of ${show(cap)}`;
  const projection = projectedUsd === null ? '' : ` (projected ${money(projectedUsd)})`;
  return `${part(budget.samples, count)} rows, ${part(budget.tokens, count)} tokens, ${part(budget.usd, money)}${projection}`;
}

function callsText({ inFlight, oldestCallSeconds, unknownCalls }: RunSnapshot): string | null {
  const oldest = oldestCallSeconds === null ? '' : `, the oldest for ${Math.round(oldestCallSeconds)} s`;
  return inFlight === 0 && unknownCalls === 0 ? null : `${inFlight} in flight${oldest}, ${unknownCalls} unknown`;
}

const money = (usd: number) => `$${usd.toFixed(usd !== 0 && usd < 0.1 ? 4 : 2)}`;

function bar(share: number): string {
  const filled = Math.round(Math.min(1, share) * BAR_WIDTH);
  return '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
}

/** Within an experiment its name is said once, in the header. */
function shortName({ name }: Snapshot, run: string): string {
  return run.startsWith(`${name}/`) ? run.slice(name.length + 1) : run;
}

const cut = (line: string, columns: number) => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line);

function clock(seconds: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}
