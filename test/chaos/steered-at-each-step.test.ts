import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { jsonEvents } from '../../src/cli/json-events';
import { converterOf } from '../../src/temporal/payload-codec';
import { workspaceKey } from '../../src/temporal/payload-key';
import { folderWith, runCli, startCli } from '../support/cli';
import { expectNothingLeftOf, killTree, until } from '../support/processes';

jest.setTimeout(600_000);

const holdAt = join(__dirname, '..', 'support', 'hold-at.cjs');
const steps = ['predict', 'score', 'select', 'generate', 'finetune', 'evaluate'] as const;

/** Four runs, two at a time: one is met at each of its steps, the others are held so that they neither end nor begin meanwhile. */
const fourRuns = `
name: four
task: {kind: operator-chains, pool_size: 120, test_size: 24}
teacher: {provider: offline, price: {input: 0.15, output: 0.6}}
student:
  base: tiny
  warm_up: {rows: 40, steps: 5}
  max_new_tokens: 4
  finetune: {method: full, epochs: 1, batch_size: 32, learning_rate: 3e-3}
strategy: loss
iterations: 1
samples_per_iteration: 20
matrix: {seed: [1, 2, 3, 4]}
parallel_runs: 2
`;

interface PausedStep {
  readonly step: string;
  readonly how: readonly string[];
  /** A command that the run refuses, and what it says. */
  readonly senseless: readonly string[];
  readonly says: string;
}

const pausedSteps: readonly PausedStep[] = [
  {
    step: 'score',
    how: [],
    senseless: ['set', 'four/1', 'iterations=0'],
    says: 'iterations must be a positive whole number',
  },
  {
    step: 'select',
    how: [],
    senseless: ['budget', 'four/1'],
    says: 'name at least one of --usd, --tokens and --samples',
  },
  {
    step: 'generate',
    how: [],
    senseless: ['budget', 'four/1', '--samples', '0.5'],
    says: '--samples must be a positive whole number',
  },
  { step: 'finetune', how: ['--now'], senseless: ['set', 'four/1'], says: "missing required argument 'setting'" },
];

describe('an experiment and its runs, steered from other processes', () => {
  let folder: Awaited<ReturnType<typeof folderWith>>;
  let gates: string;
  let running: ReturnType<typeof startCli>;

  beforeAll(async () => {
    folder = await folderWith(fourRuns);
    gates = join(dirname(folder.file), 'gates');
    mkdirSync(gates);
    // Held where they take no engine: there are two.
    const held = [...steps.map((step) => `four/1:${step}`), 'four/2:generate', 'four/3:generate'];
    const environment = { HOLD_AT: held.join(','), HOLD_IN: gates };
    running = startCli(['run', folder.file, '--json'], { ...folder, preload: [holdAt], environment });
  });
  afterAll(() => killTree(running.pid));

  const cli = (...args: string[]) => runCli(args, folder);
  const gate = (run: string, step: string) => join(gates, run, step);
  const reached = (step: string, run = 'four/1') => until(() => existsSync(`${gate(run, step)}.reached`), 100_000);
  const open = (step: string, run = 'four/1') => writeFileSync(`${gate(run, step)}.open`, '');
  const pathOf = (name: string, file: string) => join(folder.workspace, 'runs', name, file);
  const stored = (name: string, file: string) => JSON.parse(readFileSync(pathOf(name, file), 'utf8'));
  const isThere = (name: string, file: string) => existsSync(pathOf(name, file));
  const rests = (run: string) =>
    until(() => isThere(run, 'waiting.json') && stored(run, 'waiting.json').waitingFor !== null, 100_000);
  const waiting = { state: 'pending' };
  const met = { exitCode: 0 };
  const refused = (says: string) => ({ exitCode: 2, stderr: expect.stringContaining(says) });

  async function status() {
    const [line] = (await cli('status', 'four', '--json')).stdout.trim().split('\n');
    return jsonEvents.status.parse(JSON.parse(line as string));
  }

  it('is steered at each step of a run, ends as it was told to, and records who changed what', async () => {
    await steerAllAtPredict();
    await seeDescriptionsAtScore();
    for (const paused of pausedSteps) {
      await pauseOneAt(paused);
    }
    await stopAllAtEvaluate();
    expectEnded();
    expectRecordedChanges();
    await expectSettled();
  });

  /** All of it is paused, set and resumed, and more runs work at a time. */
  async function steerAllAtPredict() {
    await reached('predict');
    await reached('generate', 'four/2');
    expect(await cli('pause', 'four')).toMatchObject(met);
    const answers = await Promise.all([
      cli('pause', 'four'),
      cli('set', 'four', 'parallel_runs=0'),
      cli('set', 'four/1', 'parallel_runs=3'),
      cli('set', 'four', 'parallel_runs=3', 'concurrency=4'),
    ]);
    expect(answers).toMatchObject([
      refused('four is already paused, by '),
      refused('parallel_runs must be a positive whole number, got 0'),
      refused('parallel_runs can only be set for an experiment; four/1 is a single run'),
      met,
    ]);
    open('predict');
    await rests('four/1');
    expect(await status()).toMatchObject({
      ...{ waitingFor: expect.stringContaining('paused by '), parallelRuns: 3 },
      runs: [{ waitingFor: expect.stringContaining('paused by ') }, { state: 'running' }, waiting, waiting],
    });
    expect(await cli('resume', 'four')).toMatchObject(met);
    await until(async () => (await status()).runs[2]?.state === 'running', 100_000);
    // At least two are under way from here on, so the fourth does not begin.
    expect(await cli('set', 'four', 'parallel_runs=1')).toMatchObject(met);
  }

  /** What Temporal's own UI shows: what it is, where it is. */
  async function seeDescriptionsAtScore() {
    const { address } = JSON.parse(readFileSync(join(folder.workspace, 'server.json'), 'utf8'));
    const connection = await Connection.connect({ address });
    const { workflow } = new Client({ connection, dataConverter: converterOf(await workspaceKey(folder.workspace)) });
    const look = async (name: string) => {
      const described = await workflow.getHandle(name).describe();
      const { currentDetails } = await workflow.getHandle(name).query<Metadata>('__temporal_workflow_metadata');
      const { TutelageRun: run, TutelageState: state, TutelageStep: step } = described.searchAttributes;
      return { summary: await described.staticSummary(), run, state, step, details: currentDetails };
    };
    await reached('score');
    expect(await Promise.all(['four', 'four/1', 'four/1/iter-1'].map(look))).toMatchObject([
      {
        summary: 'four: 4 runs',
        run: ['four'],
        state: ['working'],
        details: expect.stringMatching(/runs.*0 of 4 ended/),
      },
      { summary: 'four/1: loss on operator-chains, seed 1', run: ['four/1'], state: ['working'], step: ['iteration'] },
      {
        summary: expect.stringMatching(/^four\/1: iteration 1 of 1/),
        step: ['score'],
        details: expect.stringMatching(/rows.*0\/20/),
      },
    ]);
    await connection.close();
  }

  /** A run is paused once, refuses what makes no sense, and continues. */
  async function pauseOneAt({ step, how, senseless, says }: PausedStep) {
    await reached(step);
    expect(await cli('pause', 'four/1', ...how)).toMatchObject(met);
    const answers = await Promise.all([
      cli('pause', 'four/1', ...how),
      cli(...senseless),
      cli('budget', 'four/1', '--tokens', '9000000'),
    ]);
    expect(answers).toMatchObject([refused('four/1 is already paused, by '), refused(says), met]);
    if (how.length === 0) {
      open(step);
    }
    await rests('four/1');
    open(step);
    expect(await cli('resume', 'four/1')).toMatchObject(met);
  }

  /** A cap of all runs is not set below what they spent, and all of it is stopped once. */
  async function stopAllAtEvaluate() {
    await reached('evaluate');
    expect(await cli('budget', 'four', '--samples', '3')).toMatchObject(refused('samples already spent or reserved'));
    expect(await cli('budget', 'four', '--usd', '7')).toMatchObject(met);
    expect(await cli('stop', 'four')).toMatchObject(met);
    const answers = await Promise.all([cli('stop', 'four'), cli('pause', 'four'), cli('stop', 'four/1')]);
    expect(answers).toMatchObject([
      refused('four is already stopping, as '),
      refused('four is stopping, as '),
      refused('four/1 is already stopping, as '),
    ]);
    open('evaluate');
    open('generate', 'four/2');
    open('generate', 'four/3');
    expect(await running.ended).toMatchObject({ exitCode: 3 });
    await expectNothingLeftOf(folder.workspace);
  }

  /** It ended with what was under way; a run that had not begun did not begin. */
  function expectEnded() {
    expect(stored('four/1', 'run.json')).toMatchObject({ endedBecause: 'stopped', iterations: [{ accepted: 20 }] });
    expect(stored('four/2', 'run.json')).toMatchObject({ endedBecause: 'stopped', iterations: [{ accepted: 20 }] });
    expect(stored('four/3', 'run.json')).toMatchObject({ endedBecause: 'stopped', iterations: [{ accepted: 20 }] });
    expect(stored('four', 'results.json')).toMatchObject({ notStarted: ['four/4'] });
  }

  /** What was changed of all, and of one. */
  function expectRecordedChanges() {
    const changesOf = (name: string) => stored(name, 'steering.json').changes.map(({ what }: { what: string }) => what);
    expect(changesOf('four')).toEqual([
      'pause',
      'set concurrency=4 parallel_runs=3',
      'resume',
      'set parallel_runs=1',
      'budget --usd 7',
      'stop',
    ]);
    const one = ['pause', 'budget --tokens 9000000', 'resume'];
    expect(changesOf('four/1')).toEqual([
      ...['pause', 'set concurrency=4', 'resume'],
      ...[one, one, one].flat(),
      ...['pause --now', 'budget --tokens 9000000', 'resume', 'stop'],
    ]);
  }

  /** It cannot be steered any more, and holds in every check. */
  async function expectSettled() {
    const ended = await Promise.all([cli('resume', 'four'), cli('pause', 'four/1'), cli('audit', 'four')]);
    expect(ended).toMatchObject([refused('four has already ended'), refused('four/1 has already ended'), met]);
  }
});

/** What a workflow says of itself to whoever looks. */
interface Metadata {
  readonly currentDetails: string;
}
