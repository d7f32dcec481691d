import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { folderWith, runCli } from '../support/cli';
import { outcomeOf } from '../support/outcome';
import { expectNothingLeftOf } from '../support/processes';
import { smallConfig } from '../support/small-config';

jest.setTimeout(300_000);

describe('tutelage run, from a file to a curve', () => {
  let first: Awaited<ReturnType<typeof folderWith>>;

  beforeAll(async () => {
    first = await folderWith(smallConfig);
    const result = await runCli(['run', first.file], first);
    expect(result).toMatchObject({ exitCode: 0, signal: null });
  });

  it('leaves results, a report, the resolved configuration and the histories of its iterations', async () => {
    const run = join(first.workspace, 'runs', 'small');
    expect((await readdir(run)).sort()).toEqual(
      expect.arrayContaining(['history', 'plan.json', 'report.html', 'resolved.yaml', 'results.json', 'run.json']),
    );
    expect((await readdir(join(run, 'history'))).sort()).toEqual([
      'iter-1.json',
      'iter-1.json.sha256',
      'iter-2.json',
      'iter-2.json.sha256',
      'run.json',
      'run.json.sha256',
    ]);
    const results = await outcomeOf(first.workspace, 'small');
    expect(results).toMatchObject({ state: 'complete', endedBecause: 'iterations' });
  });

  it('leaves no process behind', async () => {
    await expectNothingLeftOf(first.workspace);
  });

  it('says that it is complete when it is asked again, without a server', async () => {
    const again = await runCli(['run', first.file], { ...first, environment: { TUTELAGE_PYTHON: '/nowhere' } });
    expect(again.exitCode).toBe(0);
    expect(again.stderr).toContain('small is already complete');
  });

  it('refuses a changed configuration, shows the difference, and starts afresh with --new', async () => {
    const changed = await runCli(['run', first.file, '--set', 'iterations=1'], first);
    expect(changed.exitCode).toBe(2);
    expect(changed.stderr).toContain('iterations: was 2, is 1');
    const afresh = await runCli(['run', first.file, '--new', '--set', 'iterations=1'], first);
    expect(afresh).toMatchObject({ exitCode: 0 });
    expect(await outcomeOf(first.workspace, 'small~2')).toMatchObject({ state: 'complete' });
  });

  it('gives the same results in another workspace, and others with another random seed', async () => {
    const second = await folderWith(smallConfig);
    expect(await runCli(['run', second.file], second)).toMatchObject({ exitCode: 0 });
    expect(await outcomeOf(second.workspace, 'small')).toEqual(await outcomeOf(first.workspace, 'small'));

    const other = await runCli(['run', second.file, '--new', '--set', 'seed=2', '--set', 'iterations=1'], second);
    expect(other).toMatchObject({ exitCode: 0 });
    const [mine, theirs] = [
      await firstCurvePoints(first.workspace, 'small'),
      await firstCurvePoints(second.workspace, 'small~2'),
    ];
    expect(theirs).not.toEqual(mine);
  });
});

async function firstCurvePoints(workspace: string, run: string): Promise<unknown> {
  const { curve } = (await outcomeOf(workspace, run)) as { curve: unknown[] };
  return curve.slice(0, 2);
}
