import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TutelageError } from '../core/errors';
import { tryExclusiveLock } from '../processes/exclusive-lock';
import { thisMachine } from '../processes/process-identity';
import { readJsonFile, writeFileAtomically } from '../store/workspace';

/** One open use of the workspace's server. */
export interface ServerUser {
  /** How many other living users there are, in this process and in others. */
  countOthers(): Promise<number>;
  leave(): Promise<void>;
}

/**
 * Records this use under `<workspace>/users`, with a lock that the system takes back when this process ends. So a user
 * lives exactly as long as its lock is held: a copy of the folder has no users, and process numbers, which mean nothing to
 * another container, are not needed. What the dead left is swept. Only to be called, as its methods, with the server lock.
 *
 * @throws TutelageError `busy` while processes of another container or machine use this workspace's server
 */
export async function enterServerUsers(workspace: string): Promise<ServerUser> {
  const folder = join(workspace, 'users');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await refuseForeign(folder);
  const name = randomUUID();
  const unlock = tryExclusiveLock(join(folder, `${name}.lock`));
  await writeFileAtomically(join(folder, `${name}.json`), JSON.stringify({ host: thisMachine().host }));
  return {
    countOthers: async () => (await livingUsers(folder)).filter((other) => other !== name).length,
    leave: async () => {
      unlock?.();
      await remove(folder, name);
    },
  };
}

async function refuseForeign(folder: string): Promise<void> {
  for (const user of await livingUsers(folder)) {
    const { host } = (await readJsonFile<{ host?: string }>(join(folder, `${user}.json`)).catch(() => null)) ?? {};
    if (host !== undefined && host !== thisMachine().host) {
      throw new TutelageError(
        'busy',
        `another container or machine is using this workspace (${host.split(' ')[0]}), and its Temporal server cannot be shared from here`,
        'wait for its runs or interrupt them there; to work from several machines at once, see docs/several-machines.md',
      );
    }
  }
}

async function livingUsers(folder: string): Promise<string[]> {
  const living: string[] = [];
  for (const file of await readdir(folder)) {
    const [, name] = /^(.+)\.lock$/.exec(file) ?? [];
    if (name === undefined) {
      continue;
    }
    const unlock = tryExclusiveLock(join(folder, file));
    if (unlock === undefined) {
      living.push(name);
    } else {
      unlock();
      await remove(folder, name);
    }
  }
  return living;
}

async function remove(folder: string, name: string): Promise<void> {
  await rm(join(folder, `${name}.json`), { force: true });
  await rm(join(folder, `${name}.lock`), { force: true });
}
