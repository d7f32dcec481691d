import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { jsonEvents } from '../../src/cli/json-events';
import { folderWith, runCli, startCli } from '../support/cli';
import { expectNothingLeftOf, killTree, until } from '../support/processes';

jest.setTimeout(300_000);

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
  const waiting = { state: 'waiting' };
  const met = { exitCode: 0 };
  const refused = (says: string) => ({ exitCode: 2, stderr: expect.stringContaining(says) });

  async function status() {
    const [line] = (await cli('status', 'four', '--json')).stdout.trim().split('\n');
    return jsonEvents.status.parse(JSON.parse(line as string));
  }

  it('at predict: all of it is paused, set and resumed, and more runs work at a time', async () => {
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
      refused('four is paused already, by '),
      refused('parallel_runs is a positive whole number, not 0'),
      refused('parallel_runs is set for an experiment, and four/1 is a run'),
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
  });

  it("is described for Temporal's own UI: what it is, where it is", async () => {
    const { address } = JSON.parse(readFileSync(join(folder.workspace, 'server.json'), 'utf8'));
    const connection = await Connection.connect({ address });
    const { workflow } = new Client({ connection });
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
      { summary: 'four/1: iteration 1 of 1', step: ['score'], details: expect.stringMatching(/rows.*0\/20/) },
    ]);
    await connection.close();
  });

  it.each([
    ['score', [], ['set', 'four/1', 'iterations=0'], 'iterations is a positive whole number'],
    ['select', [], ['budget', 'four/1'], 'name at least one of --usd, --tokens and --samples'],
    ['generate', [], ['budget', 'four/1', '--samples', '0.5'], '--samples is a positive whole number'],
    ['finetune', ['--now'], ['set', 'four/1'], "missing required argument 'setting'"],
  ])('at %s: a run is paused once, refuses what makes no sense, and goes on', async (step, how, senseless, says) => {
    await reached(step);
    expect(await cli('pause', 'four/1', ...how)).toMatchObject(met);
    const answers = await Promise.all([
      cli('pause', 'four/1', ...how),
      cli(...senseless),
      cli('budget', 'four/1', '--tokens', '9000000'),
    ]);
    expect(answers).toMatchObject([refused('four/1 is paused already, by '), refused(says), met]);
    if (how.length === 0) {
      open(step);
    }
    await rests('four/1');
    open(step);
    expect(await cli('resume', 'four/1')).toMatchObject(met);
  });

  it('at evaluate: a cap of all runs is not set below what they spent, and all of it is stopped once', async () => {
    await reached('evaluate');
    expect(await cli('budget', 'four', '--samples', '3')).toMatchObject(refused('samples already spent or held'));
    expect(await cli('budget', 'four', '--usd', '7')).toMatchObject(met);
    expect(await cli('stop', 'four')).toMatchObject(met);
    const answers = await Promise.all([cli('stop', 'four'), cli('pause', 'four'), cli('stop', 'four/1')]);
    expect(answers).toMatchObject([
      refused('four is stopping already: '),
      refused('four is stopping: '),
      refused('four/1 is stopping already: '),
    ]);
    open('evaluate');
    open('generate', 'four/2');
    open('generate', 'four/3');
    expect(await running.ended).toMatchObject({ exitCode: 3 });
    await expectNothingLeftOf(folder.workspace);
  });

  it('ended with what was under way; a run that had not begun did not begin', () => {
    expect(stored('four/1', 'run.json')).toMatchObject({ endedBecause: 'stopped', iterations: [{ accepted: 20 }] });
    expect(stored('four/2', 'run.json')).toMatchObject({ endedBecause: 'stopped', iterations: [{ accepted: 20 }] });
    expect(stored('four/3', 'run.json')).toMatchObject({ endedBecause: 'stopped', iterations: [{ accepted: 20 }] });
    expect(stored('four', 'results.json')).toMatchObject({ notStarted: ['four/4'] });
  });

  it('keeps what was changed, of all and of one', () => {
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
  });

  it('cannot be steered when it has ended, and holds in every check', async () => {
    const ended = await Promise.all([cli('resume', 'four'), cli('pause', 'four/1'), cli('audit', 'four')]);
    expect(ended).toMatchObject([refused('four has ended'), refused('four/1 has ended'), met]);
  });
});

/** What a workflow says of itself to whoever looks. */
interface Metadata {
  readonly currentDetails: string;
}
