import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, ownIdentity, type ProcessIdentity } from '../processes/process-identity';
import { readJsonFile, writeFileAtomically } from '../store/workspace';

/** One open use of the workspace's server. */
export interface ServerUser {
  /** How many other living users there are, in this process and in others. */
  countOthers(): Promise<number>;
  leave(): Promise<void>;
}

let usersOfThisProcess = 0;

/** Writes this use down under `<workspace>/users/<pid>-<n>.json`; entries of processes that died are swept. */
export async function enterServerUsers(workspace: string): Promise<ServerUser> {
  const folder = join(workspace, 'users');
  const own = `${process.pid}-${++usersOfThisProcess}.json`;
  await mkdir(folder, { recursive: true });
  await writeFileAtomically(join(folder, own), JSON.stringify(ownIdentity()));
  return {
    countOthers: () => countLiving(folder, own),
    leave: () => rm(join(folder, own), { force: true }),
  };
}

async function countLiving(folder: string, except: string): Promise<number> {
  let living = 0;
  for (const name of await readdir(folder)) {
    if (name === except || !name.endsWith('.json')) {
      continue;
    }
    const identity = await readJsonFile<ProcessIdentity>(join(folder, name)).catch(() => null);
    if (identity !== null && isAlive(identity)) {
      living += 1;
    } else {
      await rm(join(folder, name), { force: true });
    }
  }
  return living;
}
