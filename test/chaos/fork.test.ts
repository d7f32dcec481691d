import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import type { IterationRecord } from '../../src/core/run-record';
import { folderWith, runCli } from '../support/cli';
import { smallConfig } from '../support/small-config';

jest.setTimeout(600_000);

describe('tutelage fork', () => {
  let first: Awaited<ReturnType<typeof folderWith>>;

  beforeAll(async () => {
    first = await folderWith(smallConfig);
    expect(await runCli(['run', first.file], first)).toMatchObject({ exitCode: 0 });
  });

  it('with nothing changed gives what the original gave, and asks the teacher for nothing', async () => {
    const bought = boughtIn(first.workspace);
    expect(await runCli(['fork', 'small', '--after', '1', '--name', 'same'], first)).toMatchObject({ exitCode: 0 });
    expect(iterationsOf(first.workspace, 'same')).toEqual(iterationsOf(first.workspace, 'small'));
    expect(boughtIn(first.workspace)).toBe(bought);
    const audit = await runCli(['audit', 'same'], first);
    expect(audit).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('everything holds') });
  });

  it('with another strategy equals a fresh run with the same sequence of strategies', async () => {
    const fork = ['fork', 'small', '--after', '1', '--set', 'strategy=random', '--set', 'iterations=2'];
    expect(await runCli(fork, first)).toMatchObject({ exitCode: 0 });
    const forked = iterationsOf(first.workspace, 'small-after-1');
    const original = iterationsOf(first.workspace, 'small');
    expect(forked[0]).toEqual(original[0]);
    expect(forked[1]?.selection).not.toEqual(original[1]?.selection);

    const fresh = await folderWith(smallConfig);
    expect(await runCli(['run', fresh.file, '--set', 'iterations=1'], fresh)).toMatchObject({ exitCode: 0 });
    expect(await runCli(fork, fresh)).toMatchObject({ exitCode: 0 });
    expect(iterationsOf(fresh.workspace, 'small-after-1')).toEqual(forked);

    const audit = await runCli(['audit', 'small-after-1'], first);
    expect(audit).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('everything holds') });
    const again = await runCli(fork, first);
    expect(again).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('already complete') });
    expect(again.stderr).toContain('next    tutelage audit small-after-1 ');
  });

  it.each<[why: string, args: string[], said: string]>([
    ['more iterations than there are', ['--after', '3'], '2 finished iterations'],
    ['another task', ['--after', '1', '--set', 'task.pool_size=200'], 'depend on task.pool_size'],
    ['another random seed', ['--after', '1', '--set', 'seed=2'], 'depend on seed'],
    ['nothing left to do', ['--after', '2'], 'nothing is left to do'],
    [
      'a budget below what is shared',
      ['--after', '1', '--name', 'poor', '--set', 'budget.tokens=10000'],
      'its cap is 10000 tokens',
    ],
    ['the name of another run', ['--after', '1', '--name', 'small'], 'a different run small already exists'],
    ['a value that is none', ['--after', '1', '--set', 'strategy=best'], 'strategy'],
  ])('refuses %s', async (_, args, said) => {
    const { exitCode, stderr } = await runCli(['fork', 'small', ...args], first);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(said) });
  });
});

function iterationsOf(workspace: string, run: string): IterationRecord[] {
  return JSON.parse(readFileSync(join(workspace, 'runs', run, 'run.json'), 'utf8')).iterations;
}

function boughtIn(workspace: string): number {
  const database = new Database(join(workspace, 'ledger.db'));
  const row = database.prepare('select count(*) as count from calls where shared_from is null').get();
  database.close();
  return (row as { count: number }).count;
}
