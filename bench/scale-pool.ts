import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CliOptions, startCli } from '../test/support/cli';
import { processesOf } from '../test/support/processes';

const root = join(__dirname, '..');

/** What is bought: small beside the pool, so that what is measured is the pool. */
const ROWS = 1000;

const configOf = (seeds: number) => `
name: pool
task: {kind: operator-chains, pool_size: ${seeds}, test_size: 600}
teacher: {provider: offline}
student: {base: tiny}
strategy: loss
iterations: 1
samples_per_iteration: ${ROWS}
budget: {samples: ${ROWS}}
seed: 1
`;

/** One iteration over a pool of so many seeds, by the real command line with a student that does nothing. */
export async function measurePool(seeds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tutelage-scale-'));
  try {
    const program = installWithNoopEngine(join(folder, 'installed'));
    const options = { workspace: join(folder, 'workspace'), program };
    writeFileSync(join(folder, 'pool.yaml'), configOf(seeds));
    console.log(`\none iteration over ${seeds} seeds, ${ROWS} rows bought, one student that does nothing`);
    const run = await watched(['run', join(folder, 'pool.yaml')], options);
    printProcesses('run', run);
    printSteps(join(options.workspace, 'runs', 'pool'), seeds);
    printProcesses('report', await watched(['report', 'pool'], options));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The built program, beside another engine: it takes the one in its own folder. */
function installWithNoopEngine(folder: string): string {
  mkdirSync(folder);
  for (const name of ['dist', 'package.json']) {
    cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  cpSync(join(__dirname, 'noop-engine'), join(folder, 'engine'), { recursive: true });
  // By them the Python environment is known, which brings the Temporal server.
  cpSync(join(root, 'engine', 'requirements.txt'), join(folder, 'engine', 'requirements.txt'));
  return join(folder, 'dist', 'cli', 'main.js');
}

interface Watched {
  readonly seconds: number;
  readonly processes: ReadonlyMap<number, { readonly name: string; readonly peakMiB: number; readonly cpuSeconds: number }>;
}

/** Runs a command and looks at its processes meanwhile: the peak is the kernel's own, so no moment is missed but the last. */
async function watched(args: readonly string[], options: CliOptions): Promise<Watched> {
  const start = performance.now();
  const cli = startCli(args, options);
  const processes = new Map<number, { name: string; peakMiB: number; cpuSeconds: number }>();
  const look = () => {
    for (const { pid, command } of processesOf(options.workspace)) {
      const peak = /VmHWM:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1];
      if (peak !== undefined) {
        processes.set(pid, { name: nameOf(command), peakMiB: Number(peak) / 1024, cpuSeconds: cpuSecondsOf(pid) });
      }
    }
  };
  const timer = setInterval(look, 200);
  const { exitCode, stderr } = await cli.ended;
  clearInterval(timer);
  if (exitCode !== 0) {
    throw new Error(stderr);
  }
  return { seconds: (performance.now() - start) / 1000, processes };
}

function printProcesses(what: string, { seconds, processes }: Watched): void {
  console.log(`${what}: ${seconds.toFixed(1)} s`);
  for (const { name, peakMiB, cpuSeconds } of [...processes.values()].filter((one) => one.peakMiB >= 10)) {
    console.log(`  ${name.padEnd(16)} ${peakMiB.toFixed(0).padStart(5)} MiB at most, ${cpuSeconds.toFixed(1)} s of CPU`);
  }
}

interface HistoryEvent {
  readonly eventId: string;
  readonly eventTime: string;
  readonly activityTaskScheduledEventAttributes?: { readonly activityType: { readonly name: string } };
  readonly activityTaskCompletedEventAttributes?: { readonly scheduledEventId: string; readonly startedEventId: string };
}

/** Seconds of each step, all its shards together, and what the histories hold. */
function printSteps(directory: string, seeds: number): void {
  for (const name of ['run.json', 'iter-1.json']) {
    const text = read(join(directory, 'history', name));
    const { events } = JSON.parse(text) as { events: readonly HistoryEvent[] };
    const largest = Math.max(...events.map((event) => JSON.stringify(event).length));
    console.log(`  history ${name}: ${events.length} events, ${Math.round(text.length / 1024)} KiB exported, largest event ${Math.round(largest / 1024)} KiB`);
    for (const [step, { count, seconds }] of stepsOf(events)) {
      const perMillion = ofPool.has(step) ? `, ${((seconds * 1e6) / seeds).toFixed(0)} s for a million seeds` : '';
      console.log(`    ${step.padEnd(14)} ${String(count).padStart(3)} activities, ${seconds.toFixed(2)} s${perMillion}`);
    }
  }
}

const ofPool = new Set(['prepare', 'predict', 'score', 'joinParts', 'select']);

function stepsOf(events: readonly HistoryEvent[]): Map<string, { count: number; seconds: number }> {
  const byId = new Map(events.map((event) => [event.eventId, event]));
  const steps = new Map<string, { count: number; seconds: number }>();
  for (const { eventTime, activityTaskCompletedEventAttributes: completed } of events) {
    if (completed !== undefined) {
      const scheduled = byId.get(completed.scheduledEventId)?.activityTaskScheduledEventAttributes;
      const name = scheduled?.activityType.name as string;
      const ms = Date.parse(eventTime) - Date.parse(byId.get(completed.startedEventId)?.eventTime as string);
      const { count, seconds } = steps.get(name) ?? { count: 0, seconds: 0 };
      steps.set(name, { count: count + 1, seconds: seconds + ms / 1000 });
    }
  }
  return steps;
}

const nameOf = (command: string) =>
  ({ 'serve.py': 'student engine', 'main.js': 'tutelage', temporal: 'Temporal server' })[
    /serve\.py|main\.js|temporal/.exec(command)?.[0] ?? ''
  ] ?? (command.split(' ')[0] as string);

/** Of the process, user and system, from its start. */
function cpuSecondsOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
