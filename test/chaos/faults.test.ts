import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { tryExclusiveLock } from '../../src/processes/exclusive-lock';
import { type CliOptions, folderWith, runCli, startCli } from '../support/cli';
import { outcomeOf } from '../support/outcome';
import { cliProgram } from '../support/paths';
import { expectNothingLeftOf, killTree, listProcesses, processesOf, until } from '../support/processes';
import { hasLogged } from '../support/run-log';
import { smallConfig } from '../support/small-config';

jest.setTimeout(600_000);

/** Steps of some seconds, so that a fault meets them. */
const config = smallConfig.replace('epochs: 4', 'epochs: 30');

/**
 * One run that suffers what days bring: its server killed, its server silent, a full disk, a power cut, a program that
 * is replaced by a newer one. A power cut is what a test can make of one: everything killed in one moment, files that
 * were being written removed. What a real one does to unsynced pages it cannot show.
 */
describe('a run that meets one fault after the other', () => {
  it('ends as one that met none', async () => {
    const undisturbed = await folderWith(config);
    const folder = await folderWith(config);
    const unmount = mountSmallDisk(folder.workspace);
    try {
      // Two runs in one workspace share one server, and the second is the comparison.
      const other = await folderWith(config.replace('name: small', 'name: other'));
      const straight = startCli(['run', undisturbed.file], undisturbed);
      const beside = startCli(['run', other.file], { workspace: undisturbed.workspace });
      await until(() => serversOf(undisturbed.workspace).length > 0, 30_000);
      await delay(1000);
      expect(serversOf(undisturbed.workspace)).toHaveLength(1);
      expect([(await straight.ended).exitCode, (await beside.ended).exitCode]).toEqual([0, 0]);
      await expectNothingLeftOf(undisturbed.workspace);

      await serverKilledAndSilent(folder);
      await powerCut(folder);
      await diskFull(folder, unmount !== null);
      await upgraded(folder);
      expect(await outcomeOf(folder.workspace, 'small')).toEqual(await outcomeOf(undisturbed.workspace, 'small'));
      await expectNothingLeftOf(folder.workspace);
    } finally {
      unmount?.();
    }
  });

  type Folder = CliOptions & { file: string };

  function start({ file, ...options }: Folder) {
    const sinceMs = Date.now();
    return {
      ...startCli(['run', file, '--json'], options),
      reaches: (step: string) => until(() => hasLogged(options.workspace, 'small', { step, sinceMs }), 60_000),
    };
  }

  /**
   * Killed and kept away, it is started again; stopped for longer than a heartbeat's timeout, it is waited for. Then one
   * Ctrl-C. A quarter of a minute stands for any length: by then every heartbeat timeout (8 s) has passed, and the pauses
   * between two attempts to reach it have grown to their longest (5 s of a client, 10 s of a worker). Ten minutes were
   * tried by hand (docs/measurements.md).
   */
  async function serverKilledAndSilent(folder: Folder): Promise<void> {
    const running = start(folder);
    await running.reaches('prepare');
    // Who holds this lock keeps everybody from starting it again.
    const letItStart = tryExclusiveLock(join(folder.workspace, 'server.lock'));
    process.kill(serverOf(folder.workspace), 'SIGKILL');
    await until(() => running.output().stderr.includes('the Temporal server does not answer'), 60_000);
    await delay(5000);
    letItStart?.();
    await running.reaches('predict');
    const server = serverOf(folder.workspace);
    process.kill(server, 'SIGSTOP');
    await delay(9000);
    process.kill(server, 'SIGCONT');
    await running.reaches('finetune');
    process.kill(running.pid, 'SIGINT');
    expect(await running.ended).toMatchObject({ exitCode: 130, stderr: expect.stringContaining('is interrupted') });
    await expectNothingLeftOf(folder.workspace);
  }

  async function powerCut(folder: Folder): Promise<void> {
    const running = start(folder);
    await running.reaches('finetune');
    killTree(running.pid);
    for (const { pid } of processesOf(folder.workspace)) {
      kill(pid);
    }
    await running.ended;
    await expectNothingLeftOf(folder.workspace);
    for (const file of readdirSync(folder.workspace, { recursive: true, encoding: 'utf8' })) {
      if (file.includes('.tmp-')) {
        rmSync(join(folder.workspace, file), { recursive: true, force: true });
      }
    }
  }

  async function diskFull(folder: Folder, isSmallDisk: boolean): Promise<void> {
    if (!isSmallDisk) {
      process.stderr.write('the full disk is left out: only root can mount one\n');
      return;
    }
    const running = start(folder);
    await until(() => running.output().stdout.includes('"event":"progress"'), 60_000);
    const ballast = join(folder.workspace, 'ballast');
    const { bavail, bsize } = await statfs(folder.workspace);
    writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - 16 * 2 ** 20)));
    const { exitCode, stderr } = await running.ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('is full: ') });
    await expectNothingLeftOf(folder.workspace);
    rmSync(ballast);
  }

  /** A newer version, installed elsewhere, continues what the older one began. */
  async function upgraded(folder: Folder): Promise<void> {
    const running = start(folder);
    await until(() => running.output().stdout.includes('"event":"progress"'), 60_000);
    process.kill(running.pid, 'SIGTERM');
    await running.ended;
    const program = newerVersion();
    const { file, ...options } = folder;
    const { exitCode, stderr } = await runCli(['run', file], { ...options, program });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  }
});

/** The package as an upgrade leaves it: other files of the same kind under another number. */
function newerVersion(): string {
  const root = join(dirname(cliProgram), '..', '..');
  const newer = mkdtempSync(join(tmpdir(), 'tutelage-newer-'));
  cpSync(join(root, 'dist'), join(newer, 'dist'), { recursive: true });
  cpSync(join(root, 'engine'), join(newer, 'engine'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(newer, 'node_modules'));
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(join(newer, 'package.json'), JSON.stringify({ ...manifest, version: '99.0.0' }));
  const bundle = join(newer, 'dist', 'workflow-bundle.js');
  writeFileSync(bundle, `// a newer version\n${readFileSync(bundle, 'utf8')}`);
  return join(newer, 'dist', 'cli', 'main.js');
}

const serverOf = (workspace: string): number => JSON.parse(readFileSync(join(workspace, 'server.json'), 'utf8')).pid;

const serversOf = (workspace: string) =>
  listProcesses()
    .filter(({ command }) => /temporal server start-dev/.test(command) && command.includes(workspace))
    .filter(({ command }) => !command.startsWith('/bin/sh'));

/** A disk of its own for the workspace, where this process may make one. */
function mountSmallDisk(folder: string): (() => void) | null {
  mkdirSync(folder, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=512m,mode=700', 'tmpfs', folder]).status === 0;
  return mounted ? () => spawnSync('umount', ['-l', folder]) : null;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It went with its parent.
  }
}
