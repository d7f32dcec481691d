import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderWith, runCli, startCli } from '../support/cli';
import { expectNothingLeftOf, until } from '../support/processes';
import { smallConfig } from '../support/small-config';

jest.setTimeout(120_000);

/** What a person gets to read, and what the shell learns. */
async function check(options: {
  args: (file: string) => string[];
  config?: string;
  environment?: Record<string, string>;
  exitCode: number;
  says: (string | RegExp)[];
}): Promise<void> {
  const { file, workspace } = await folderWith(options.config ?? smallConfig);
  const environment = options.environment ?? {};
  const { exitCode, stderr } = await runCli(options.args(file), { workspace, environment });
  for (const words of options.says) {
    expect(stderr).toMatch(words instanceof RegExp ? words : new RegExp(words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
  }
  expect(exitCode).toBe(options.exitCode);
  // One clear sentence is not a stack trace.
  expect(stderr).not.toMatch(/^\s+at .*\(.*:\d+:\d+\)$/m);
}

const run = (file: string) => ['run', file];

describe('bad input is answered in a sentence with the next step', () => {
  it('a file that is not there', () =>
    check({
      args: () => ['run', '/nowhere/x.yaml'],
      exitCode: 2,
      says: ['there is no file /nowhere/x.yaml', 'hint:'],
    }));

  it('every problem of a file at once, each at its place', () =>
    check({
      args: (file) => ['validate', file],
      config: smallConfig
        .replace('iterations: 2', 'iteratoins: 2')
        .replace('samples_per_iteration: 60', 'samples_per_iteration: many')
        .concat('budget: {samples: -5}\n'),
      exitCode: 2,
      says: [/config\.yaml:\d+:\d+/, 'did you mean', 'iterations', 'samples_per_iteration', 'budget.samples'],
    }));

  it('a --set that names no key', () =>
    check({ args: (file) => ['run', file, '--set', 'studnet.base=tiny'], exitCode: 2, says: ['--set', 'student'] }));

  it('an unknown option', () => check({ args: (file) => ['run', file, '--jsno'], exitCode: 2, says: ['--json'] }));

  it('an interpreter that is not there', () =>
    check({
      args: run,
      environment: { TUTELAGE_PYTHON: '/nowhere/python' },
      exitCode: 4,
      says: ['/nowhere/python', 'TUTELAGE_PYTHON', 'hint:'],
    }));

  it('no Python on the machine', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'tutelage-empty-'));
    await check({
      args: run,
      environment: { TUTELAGE_PYTHON: '', XDG_CACHE_HOME: empty, PATH: empty },
      exitCode: 4,
      says: ['Python 3.11', 'hint:'],
    });
  });

  it('a Python that is too old', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tutelage-old-'));
    await writeFile(join(folder, 'python3'), '#!/bin/sh\necho 3.8\n', { mode: 0o755 });
    await check({
      args: run,
      environment: { TUTELAGE_PYTHON: '', XDG_CACHE_HOME: folder, PATH: folder },
      exitCode: 4,
      says: ['3.11', 'hint:'],
    });
  });

  it('a workspace that cannot be written', () =>
    check({
      args: run,
      environment: { TUTELAGE_HOME: '/dev/null/workspace' },
      exitCode: 2,
      says: ['/dev/null/workspace', 'TUTELAGE_HOME'],
    }));

  it('a Temporal server that is named and does not answer', () =>
    check({
      args: run,
      environment: { TEMPORAL_ADDRESS: '127.0.0.1:1' },
      exitCode: 4,
      says: ['127.0.0.1:1', 'TEMPORAL_ADDRESS', 'hint:'],
    }));
});

it('a run that another process is running is refused, and continues uninterrupted', async () => {
  const { file, workspace } = await folderWith(smallConfig);
  const first = startCli(['run', file], { workspace });
  await until(() => first.output().stderr.includes('starting the student engines'));
  const second = await runCli(['run', file], { workspace });
  expect(second.exitCode).toBe(1);
  expect(second.stderr).toContain('another process is already running small');
  expect(await first.ended).toMatchObject({ exitCode: 0 });
  await expectNothingLeftOf(workspace);
});
