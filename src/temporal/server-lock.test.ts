import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { withServerLock } from './open-temporal';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tutelage-lock-'));
});
afterEach(() => rm(root, { recursive: true }));

test('a read lock of another process on the file is told, and not waited for without end', async () => {
  await withServerLock(
    root,
    async () => {},
    () => {},
  );
  const reader = new Database(join(root, 'server.lock'), { timeout: 0 });
  reader.exec('BEGIN; SELECT * FROM sqlite_schema');
  const said: string[] = [];
  const limits = { noticeMs: 10, giveUpMs: 300 };
  await expect(
    withServerLock(
      root,
      async () => {},
      (message) => said.push(message),
      limits,
    ),
  ).rejects.toMatchObject({
    kind: 'busy',
    message: expect.stringContaining('server.lock locked for 0.3 s'),
  });
  expect(said).toEqual([`waiting for ${join(root, 'server.lock')}, which another process has locked`]);
  reader.exec('ROLLBACK');
  reader.close();
  expect(
    await withServerLock(
      root,
      async () => 'done',
      () => {},
    ),
  ).toBe('done');
});

test("the lock's file can be opened by its maker alone", async () => {
  await withServerLock(
    root,
    async () => {},
    () => {},
  );
  expect((await stat(join(root, 'server.lock'))).mode & 0o777).toBe(0o600);
});
