import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryExclusiveLock, withExclusiveLock } from './exclusive-lock';
import { identityOf, isAlive, ownIdentity } from './process-identity';

describe('a process identity', () => {
  it('holds for a living process', () => {
    expect(isAlive(ownIdentity())).toBe(true);
    expect(identityOf(process.pid)).toEqual(ownIdentity());
  });

  it('does not hold for another process under the same number', () => {
    expect(isAlive({ pid: process.pid, startedAt: 'another time' })).toBe(false);
  });

  it('ends with the process', async () => {
    const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
    const identity = identityOf(child.pid ?? 0);
    expect(identity && isAlive(identity)).toBe(true);
    child.stdin.end();
    await once(child, 'exit');
    expect(identity && isAlive(identity)).toBe(false);
  });
});

describe('an exclusive lock', () => {
  const lockPath = () => join(mkdtempSync(join(tmpdir(), 'tutelage-lock-')), 'lock');

  it('lets one caller in at a time and tells the other that it waits', async () => {
    const path = lockPath();
    const order: string[] = [];
    let secondWaits = () => {};
    const waiting = new Promise<void>((resolve) => {
      secondWaits = resolve;
    });
    let second: Promise<unknown> = Promise.resolve();
    await withExclusiveLock(path, async () => {
      second = withExclusiveLock(path, async () => order.push('second'), { onWait: secondWaits });
      await waiting;
      order.push('first');
    });
    await second;
    expect(order).toEqual(['first', 'second']);
  });

  it('is given back when its work fails', async () => {
    const path = lockPath();
    await expect(withExclusiveLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    tryExclusiveLock(path)?.();
  });

  it('stays with its holder when the same process asks for it again', () => {
    const path = lockPath();
    const release = tryExclusiveLock(path);
    expect(tryExclusiveLock(path)).toBeUndefined();
    const script = `
      const db = new (require(${JSON.stringify(require.resolve('libsql'))}))(process.argv[1], { timeout: 0 });
      db.exec('BEGIN EXCLUSIVE');`;
    expect(spawnSync(process.execPath, ['-e', script, path], { encoding: 'utf8' }).stderr).toContain('locked');
    release?.();
  });

  it('is gone with a killed holder', () => {
    const path = lockPath();
    const script = `
      const db = new (require(${JSON.stringify(require.resolve('libsql'))}))(process.argv[1], { timeout: 0 });
      db.exec('BEGIN EXCLUSIVE');
      process.kill(process.pid, 'SIGKILL');`;
    expect(spawnSync(process.execPath, ['-e', script, path]).signal).toBe('SIGKILL');
    const release = tryExclusiveLock(path);
    expect(release).toBeDefined();
    release?.();
  });
});
