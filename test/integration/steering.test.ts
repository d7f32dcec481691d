import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonEvents } from '../../src/cli/json-events';
import { folderWith, runCli, startCli } from '../support/cli';
import { expectNothingLeftOf, until } from '../support/processes';
import { hasLogged } from '../support/run-log';
import { smallConfig } from '../support/small-config';

jest.setTimeout(240_000);

/** Long enough in its steps that another terminal meets it there. */
const config = smallConfig
  .replace('epochs: 4', 'epochs: 120')
  .replace('iterations: 2', 'iterations: 3\nbudget: {samples: 150}');

describe('a run that is steered from another terminal', () => {
  let folder: Awaited<ReturnType<typeof folderWith>>;
  const cli = (...args: string[]) => runCli(args, folder);
  const steering = () => JSON.parse(readFileSync(join(folder.workspace, 'runs', 'small', 'steering.json'), 'utf8'));

  beforeAll(async () => {
    folder = await folderWith(config);
  });

  it('cannot be steered before it is started', async () => {
    expect(await cli('pause', 'small')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('no run') });
  });

  it('is paused in the middle of a finetune; `run` says so and ends with 3', async () => {
    const running = startCli(['run', folder.file, '--json'], folder);
    await until(() => hasLogged(folder.workspace, 'small', { step: 'finetune' }), 60_000);
    const pause = await cli('pause', 'small', '--now', '--json');
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
  });

  it('says in status, without a server, what it waits for', async () => {
    const status = await cli('status', 'small', '--json');
    expect(jsonEvents.status.parse(JSON.parse(status.stdout))).toMatchObject({
      source: 'workspace',
      runs: [{ state: 'resting', waitingFor: expect.stringContaining('paused by ') }],
    });
  });

  const check = (claim: string, args: readonly string[], expected: { exitCode: number; says: string }) =>
    it(claim, async () => {
      const { exitCode, stderr } = await cli(...args);
      expect({ exitCode, stderr }).toEqual({
        exitCode: expected.exitCode,
        stderr: expect.stringContaining(expected.says),
      });
    });

  // Nobody works on the run: each of these serves its workflow for the moment.
  check('is not paused twice', ['pause', 'small', '--now'], { exitCode: 2, says: 'is paused already, by ' });
  check('keeps a cap that is not below what is spent', ['budget', 'small', '--samples', '10'], {
    exitCode: 2,
    says: 'is below the 60 samples already spent or held',
  });
  check('gets a larger budget', ['budget', 'small', '--samples', '160', '--tokens', '9000000'], {
    exitCode: 0,
    says: 'budget --tokens 9000000 --samples 160 holds from now on',
  });
  check('gets other settings', ['set', 'small', 'iterations=5', 'concurrency=8'], { exitCode: 0, says: 'holds' });
  check('has no other settings', ['set', 'small', 'seed=2'], { exitCode: 2, says: 'cannot set "seed=2"' });

  it('keeps who changed what and when', () => {
    expect(steering().changes.map(({ what }: { what: string }) => what)).toEqual([
      'pause --now',
      'budget --tokens 9000000 --samples 160',
      'set concurrency=8 iterations=5',
    ]);
    for (const { who, atMs } of steering().changes) {
      expect(who).toMatch(/.+@.+/);
      expect(Date.now() - atMs).toBeLessThan(240_000);
    }
  });

  it('goes on with the same command, with what was changed, until it is stopped', async () => {
    const running = startCli(['run', folder.file, '--json'], folder);
    await until(() => hasLogged(folder.workspace, 'small', { step: 'finetune', iteration: 2 }), 60_000);
    const look = await cli('status', 'small', '--json');
    expect(jsonEvents.status.parse(JSON.parse(look.stdout))).toMatchObject({
      source: 'live',
      runs: [{ state: 'running', iterations: 5, rowsPlanned: 160 }],
    });
    expect(await cli('stop', 'small')).toMatchObject({ exitCode: 0 });
    const { exitCode } = await running.ended;
    expect(exitCode).toBe(3);
    const record = JSON.parse(readFileSync(join(folder.workspace, 'runs', 'small', 'run.json'), 'utf8'));
    expect(record).toMatchObject({ state: 'stopped', endedBecause: 'stopped' });
    expect(record.iterations).toHaveLength(2);
    await expectNothingLeftOf(folder.workspace);
  });

  check('cannot be steered when it has ended', ['resume', 'small'], { exitCode: 2, says: 'small has ended' });
});
