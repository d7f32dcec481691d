import {
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
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
    console.log(`\none iteration over ${seeds} seeds, ${ROWS} rows bought, a student that does nothing`);
    const run = await watched(['run', join(folder, 'pool.yaml')], options);
    printProcesses('run', run);
    printSteps(join(options.workspace, 'runs', 'pool'), seeds, run.samples);
    printSizes(options.workspace);
    printProcesses('report', await watched(['report', 'pool'], options));
    console.log(`\na file of ${seeds} questions is looked through`);
    printProcesses('validate', await watched(['validate', writeFileTask(folder, seeds)], options));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Questions of some 100 characters, each another, and a configuration that names them. */
function writeFileTask(folder: string, seeds: number): string {
  for (const [name, from, to] of [
    ['train', 0, seeds],
    ['test', seeds, seeds + 600],
  ] as const) {
    const file = openSync(join(folder, `${name}.jsonl`), 'w');
    for (let first = from; first < to; first += 10_000) {
      const lines = Array.from({ length: Math.min(10_000, to - first) }, (_, index) => {
        const number = first + index;
        const question = `A farm has ${number} apples in ${number % 97} boxes and sells ${number % 89} of them each week. How many are left after ${number % 53} weeks?`;
        return `${JSON.stringify({ question, answer: `#### ${number}` })}\n`;
      });
      writeSync(file, lines.join(''));
    }
    closeSync(file);
  }
  const path = join(folder, 'file.yaml');
  writeFileSync(
    path,
    `
name: file
task: {kind: jsonl, check: number, train: train.jsonl, test: test.jsonl}
teacher: {provider: openai, model: none, base_url: "http://127.0.0.1:9/v1"}
student: {base: tiny}
strategy: loss
iterations: 1
samples_per_iteration: 1000
budget: {samples: 1000}
`,
  );
  return path;
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
  cpSync(join(root, 'engine', 'requirements'), join(folder, 'engine', 'requirements'), { recursive: true });
  return join(folder, 'dist', 'cli', 'main.js');
}

interface Watched {
  readonly seconds: number;
  readonly processes: ReadonlyMap<
    number,
    { readonly name: string; readonly peakMiB: number; readonly cpuSeconds: number }
  >;
  /** What all of them together had used at a moment. */
  readonly samples: readonly { readonly atMs: number; readonly cpuSeconds: number }[];
}

/** Runs a command and looks at its processes meanwhile: the peak is the kernel's own, so no moment is missed but the last. */
async function watched(args: readonly string[], options: CliOptions): Promise<Watched> {
  const start = performance.now();
  const cli = startCli(args, options);
  const processes = new Map<number, { name: string; peakMiB: number; cpuSeconds: number }>();
  const samples: { atMs: number; cpuSeconds: number }[] = [];
  const look = () => {
    for (const { pid, command } of processesOf(options.workspace)) {
      const peak = /VmHWM:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1];
      if (peak !== undefined) {
        processes.set(pid, { name: nameOf(command), peakMiB: Number(peak) / 1024, cpuSeconds: cpuSecondsOf(pid) });
      }
    }
    const all = [...processes.values()].reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
    samples.push({ atMs: Date.now(), cpuSeconds: all });
  };
  const timer = setInterval(look, 200);
  const { exitCode, stderr } = await cli.ended;
  clearInterval(timer);
  if (exitCode !== 0) {
    throw new Error(stderr);
  }
  return { seconds: (performance.now() - start) / 1000, processes, samples };
}

function printProcesses(what: string, { seconds, processes }: Watched): void {
  console.log(`${what}: ${seconds.toFixed(1)} s`);
  for (const { name, peakMiB, cpuSeconds } of [...processes.values()].filter((one) => one.peakMiB >= 10)) {
    console.log(
      `  ${name.padEnd(16)} ${peakMiB.toFixed(0).padStart(5)} MiB at most, ${cpuSeconds.toFixed(1)} s of CPU`,
    );
  }
}

function printSizes(workspace: string): void {
  for (const name of readdirSync(workspace)) {
    const path = join(workspace, name);
    const files = statSync(path).isDirectory()
      ? readdirSync(path, { recursive: true, withFileTypes: true }).flatMap((entry) =>
          entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
        )
      : [path];
    const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
    console.log(`  ${name.padEnd(16)} ${(bytes / 2 ** 20).toFixed(1).padStart(7)} MiB in ${files.length} files`);
  }
}

interface HistoryEvent {
  readonly eventId: string;
  readonly eventTime: string;
  readonly activityTaskScheduledEventAttributes?: { readonly activityType: { readonly name: string } };
  readonly activityTaskCompletedEventAttributes?: {
    readonly scheduledEventId: string;
    readonly startedEventId: string;
  };
}

/** Seconds in which a step was at work, in any number of activities, and what all processes used of the processors then. */
function printSteps(directory: string, seeds: number, samples: Watched['samples']): void {
  const cpuAt = (atMs: number) => samples.findLast((sample) => sample.atMs <= atMs)?.cpuSeconds ?? 0;
  for (const name of ['run.json', 'iter-1.json']) {
    const text = read(join(directory, 'history', name));
    const { events } = JSON.parse(text) as { events: readonly HistoryEvent[] };
    const largest = Math.max(...events.map((event) => JSON.stringify(event).length));
    console.log(
      `  history ${name}: ${events.length} events, ${Math.round(text.length / 1024)} KiB exported, largest event ${Math.round(largest / 1024)} KiB`,
    );
    for (const [step, activities] of stepsOf(events)) {
      const spans = withoutOverlap(activities);
      const seconds = spans.reduce((sum, { fromMs, toMs }) => sum + (toMs - fromMs) / 1000, 0);
      const cpu = spans.reduce((sum, { fromMs, toMs }) => sum + cpuAt(toMs) - cpuAt(fromMs), 0);
      const perMillion = ofPool.has(step)
        ? `; for a million seeds ${((seconds * 1e6) / seeds).toFixed(0)} s and ${((cpu * 1e6) / seeds).toFixed(0)} s`
        : '';
      console.log(
        `    ${step.padEnd(14)} ${String(activities.length).padStart(3)} activities, ${seconds.toFixed(1)} s, ${cpu.toFixed(1)} s of CPU${perMillion}`,
      );
    }
  }
}

const ofPool = new Set(['readData', 'predict', 'score', 'joinParts', 'select', 'collectRows']);

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

function stepsOf(events: readonly HistoryEvent[]): Map<string, Span[]> {
  const byId = new Map(events.map((event) => [event.eventId, event]));
  const steps = new Map<string, Span[]>();
  for (const { eventTime, activityTaskCompletedEventAttributes: completed } of events) {
    if (completed !== undefined) {
      const scheduled = byId.get(completed.scheduledEventId)?.activityTaskScheduledEventAttributes;
      const name = scheduled?.activityType.name as string;
      const fromMs = Date.parse(byId.get(completed.startedEventId)?.eventTime as string);
      steps.set(name, [...(steps.get(name) ?? []), { fromMs, toMs: Date.parse(eventTime) }]);
    }
  }
  return steps;
}

function withoutOverlap(spans: readonly Span[]): Span[] {
  const apart: Span[] = [];
  for (const span of spans.toSorted((left, right) => left.fromMs - right.fromMs)) {
    const last = apart.at(-1);
    if (last !== undefined && span.fromMs <= last.toMs) {
      apart[apart.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, span.toMs) };
    } else {
      apart.push(span);
    }
  }
  return apart;
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
