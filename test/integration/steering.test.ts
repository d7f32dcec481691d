import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonEvents } from '../../src/cli/json-events';
import { folderWith, runCli, startCli } from '../support/cli';
import { expectNothingLeftOf, until } from '../support/processes';
import { hasLogged } from '../support/run-log';
import { smallConfig } from '../support/small-config';

jest.setTimeout(480_000);

/** Long enough in its steps that another terminal meets it there. */
const config = smallConfig
  .replace('epochs: 4', 'epochs: 120')
  .replace('iterations: 2', 'iterations: 3\nbudget: {samples: 150}');

/** What steering says while no process works on the run: each verb serves the run's workflow for a moment. */
const whilePaused = [
  { args: ['pause', 'small', '--now'], exitCode: 2, says: 'is already paused, by ' },
  {
    args: ['budget', 'small', '--samples', '10'],
    exitCode: 2,
    says: 'is below the 60 samples already spent or reserved',
  },
  {
    args: ['budget', 'small', '--samples', '160', '--tokens', '9000000'],
    exitCode: 0,
    says: 'budget --tokens 9000000 --samples 160 applies from now on',
  },
  { args: ['set', 'small', 'iterations=5', 'concurrency=8'], exitCode: 0, says: 'applies' },
  { args: ['set', 'small', 'seed=2'], exitCode: 2, says: 'cannot set "seed=2"' },
];

// One test: each part needs the run as the part before it left it.
it('a run is paused, changed, resumed and stopped from another terminal', async () => {
  const folder = await folderWith(config);
  const cli = (...args: string[]) => runCli(args, folder);
  const check = async ({ args, exitCode, says }: (typeof whilePaused)[number]) => {
    const said = await cli(...args);
    expect({ args, exitCode: said.exitCode, stderr: said.stderr }).toEqual({
      args,
      exitCode,
      stderr: expect.stringContaining(says),
    });
  };

  await check({ args: ['pause', 'small'], exitCode: 2, says: 'no run' });
  await pausedInFinetune(folder);
  const status = await cli('status', 'small', '--json');
  expect(jsonEvents.status.parse(JSON.parse(status.stdout))).toMatchObject({
    source: 'workspace',
    runs: [{ state: 'paused', waitingFor: expect.stringContaining('paused by ') }],
  });
  for (const verb of whilePaused) {
    await check(verb);
  }
  expectChanges(folder.workspace, [
    'pause --now',
    'budget --tokens 9000000 --samples 160',
    'set concurrency=8 iterations=5',
  ]);
  await resumedAndStopped(folder);
  await check({ args: ['resume', 'small'], exitCode: 2, says: 'small has already ended' });
});

type Folder = Awaited<ReturnType<typeof folderWith>>;

/** `run` says that it is paused, and ends with 3. */
async function pausedInFinetune(folder: Folder): Promise<void> {
  const running = startCli(['run', folder.file, '--json'], folder);
  await until(() => hasLogged(folder.workspace, 'small', { step: 'finetune' }), 180_000);
  const pause = await runCli(['pause', 'small', '--now', '--json'], folder);
  expect(pause).toMatchObject({ exitCode: 0 });
  expect(jsonEvents.steered.parse(JSON.parse(pause.stdout))).toMatchObject({ request: 'pause --now' });
  const end = await running.ended;
  expect(end.stderr).toContain('small is paused: paused by ');
  expect(end.exitCode).toBe(3);
  for (const line of end.stdout.trim().split('\n')) {
    const event = JSON.parse(line);
    jsonEvents[event.event as keyof typeof jsonEvents].parse(event);
  }
  await expectNothingLeftOf(folder.workspace);
}

/** Who changed what, and when. */
function expectChanges(workspace: string, expected: readonly string[]): void {
  const { changes } = JSON.parse(readFileSync(join(workspace, 'runs', 'small', 'steering.json'), 'utf8'));
  expect(changes.map(({ what }: { what: string }) => what)).toEqual(expected);
  for (const { who, atMs } of changes) {
    expect(who).toMatch(/.+@.+/);
    expect(Date.now() - atMs).toBeLessThan(480_000);
  }
}

/** The same command resumes it, with what was changed. */
async function resumedAndStopped(folder: Folder): Promise<void> {
  const running = startCli(['run', folder.file, '--json'], folder);
  await until(() => hasLogged(folder.workspace, 'small', { step: 'finetune', iteration: 2 }), 180_000);
  const status = await runCli(['status', 'small', '--json'], folder);
  expect(jsonEvents.status.parse(JSON.parse(status.stdout))).toMatchObject({
    source: 'live',
    runs: [{ state: 'running', iterations: 5, rowsPlanned: 160 }],
  });
  expect(await runCli(['stop', 'small'], folder)).toMatchObject({ exitCode: 0 });
  const { exitCode } = await running.ended;
  expect(exitCode).toBe(3);
  const record = JSON.parse(readFileSync(join(folder.workspace, 'runs', 'small', 'run.json'), 'utf8'));
  expect(record).toMatchObject({ state: 'stopped', endedBecause: 'stopped' });
  expect(record.iterations).toHaveLength(2);
  await expectNothingLeftOf(folder.workspace);
}
