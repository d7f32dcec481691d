import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enterServerUsers } from './server-users';

let workspace: string;
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'tutelage-users-'));
});
const folder = (of = workspace) => join(of, 'users');

it('a user counts while it is there', async () => {
  const first = await enterServerUsers(workspace);
  const second = await enterServerUsers(workspace);
  expect(await first.countOthers()).toBe(1);
  await second.leave();
  expect(await first.countOthers()).toBe(0);
  await first.leave();
  expect(readdirSync(folder())).toEqual([]);
});

it('a copy of the folder has no users', async () => {
  const original = await enterServerUsers(workspace);
  const copy = `${workspace}-copy`;
  cpSync(workspace, copy, { recursive: true });
  const user = await enterServerUsers(copy);
  expect(await user.countOthers()).toBe(0);
  await Promise.all([original.leave(), user.leave()]);
});

it('a living user of another container is refused, and no longer once it is gone', async () => {
  const other = await enterServerUsers(workspace);
  for (const file of readdirSync(folder()).filter((name) => name.endsWith('.json'))) {
    expect(readFileSync(join(folder(), file), 'utf8')).toContain('pid:[');
    writeFileSync(join(folder(), file), JSON.stringify({ host: 'container-7 pid:[1]' }));
  }
  await expect(enterServerUsers(workspace)).rejects.toMatchObject({
    kind: 'busy',
    message: expect.stringContaining('container-7'),
  });
  await other.leave();
  await (await enterServerUsers(workspace)).leave();
});
