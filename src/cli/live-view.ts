import type { RunSnapshot, Snapshot } from './snapshot';

const BAR_WIDTH = 16;

/** The live view as lines, for a terminal of the given width. Pure, so that it can be tested as text. */
export function renderLive(snapshot: Snapshot, columns: number): string[] {
  const nameWidth = Math.max(...snapshot.runs.map(({ run }) => shortName(snapshot, run).length), 4);
  return [
    header(snapshot),
    ...snapshot.runs.map((run) => runLine(run, shortName(snapshot, run.run).padEnd(nameWidth))),
    ...snapshot.runs.flatMap(({ run, waitingFor }) => (waitingFor === null ? [] : [`  ${run} waits: ${waitingFor}`])),
    'Ctrl-C stops here; the same command goes on from where it was.',
  ].map((line) => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line));
}

/** The same for a log: one line, complete in itself. */
export function renderPlain(snapshot: Snapshot): string {
  const { runs } = snapshot;
  const running = runs.filter(({ state }) => state === 'running');
  const what = running.map((run) => `${shortName(snapshot, run.run)}: ${activity(run)}`).join('; ');
  const done = runs.filter(({ state }) => state === 'complete').length;
  return `${clock(snapshot.elapsedSeconds)}  ${done}/${runs.length} runs complete, ${teacherText(snapshot)}${what && `; ${what}`}`;
}

function header(snapshot: Snapshot): string {
  const done = snapshot.runs.filter(({ state }) => state === 'complete').length;
  return `${snapshot.name}  ${done} of ${snapshot.runs.length} runs complete   running ${clock(snapshot.elapsedSeconds)}   ${teacherText(snapshot)}`;
}

function teacherText({ teacher }: Snapshot): string {
  const parts = [`${count(teacher.bought)} answers bought`];
  if (teacher.shared > 0) {
    parts.push(`${count(teacher.shared)} shared`);
  }
  if (teacher.unknown > 0) {
    parts.push(`${count(teacher.unknown)} unknown`);
  }
  if (teacher.usd > 0) {
    parts.push(`$${teacher.usd.toFixed(2)}`);
  }
  return parts.join(', ');
}

function runLine(run: RunSnapshot, name: string): string {
  const rows = `${count(run.rowsAccepted)}/${count(run.rowsPlanned)} rows`.padStart(17);
  return `  ${name}  ${bar(run.rowsPlanned === 0 ? 0 : run.rowsAccepted / run.rowsPlanned)} ${rows}   ${accuracy(run)}   ${activity(run)}`;
}

function activity(run: RunSnapshot): string {
  if (run.state !== 'running') {
    return run.state;
  }
  const place = run.iteration > 0 ? `iteration ${run.iteration} of ${run.iterations}, ${run.step}` : run.step;
  const progress =
    run.progress === null ? '' : ` ${count(run.progress.done)}/${count(run.progress.total)} ${run.progress.unit}`;
  return `${place}${progress}, ${Math.round(run.stepSeconds)} s`;
}

function accuracy({ accuracy: overall, macroAccuracy: macro }: RunSnapshot): string {
  const show = (value: number | null) => (value === null ? ' -  ' : value.toFixed(2));
  return `accuracy ${show(overall)} macro ${show(macro)}`;
}

function bar(share: number): string {
  const filled = Math.round(Math.min(1, share) * BAR_WIDTH);
  return '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
}

/** Within an experiment its name is said once, in the header. */
function shortName({ name }: Snapshot, run: string): string {
  return run.startsWith(`${name}/`) ? run.slice(name.length + 1) : run;
}

const count = (value: number) => value.toLocaleString('en-US');

function clock(seconds: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}
