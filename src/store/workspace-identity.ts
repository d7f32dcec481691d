import { randomUUID } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { tryExclusiveLock, withExclusiveLock } from '../processes/exclusive-lock';
import { endForeignSessions } from './ledger';
import { isPostgres } from './ledger/location';
import { openWorkspace, readJsonFile, type Workspace, writeFileAtomically } from './workspace';

/** `identity.json`: a random id, and the folder that it was given to, by its numbers in the file system. */
const identitySchema = z.object({ id: z.string(), device: z.string(), inode: z.string() });

/**
 * Opens the workspace for whoever changes it. Before any lock in it is taken: held locks show that it is no copy.
 * @throws TutelageError as `openWorkspace`
 */
export async function openOwnWorkspace(root?: string): Promise<Workspace> {
  const workspace = await openWorkspace(root);
  await claim(workspace);
  return workspace;
}

/**
 * Tells a workspace from a copy of it (`cp -a`, rsync, a restored snapshot). A copy is a workspace of its own: it gets its
 * own id, and what the copied files say of processes is not true of it: the server and its users are those of the
 * original, and so are the sessions of its ledger.
 */
async function claim(workspace: Workspace): Promise<void> {
  if (!(await hasMoved(workspace))) {
    return;
  }
  await withExclusiveLock(join(workspace.root, 'identity.lock'), async () => {
    const known = await readIdentity(workspace);
    if (!(await hasMoved(workspace))) {
      return;
    }
    const isCopy = known !== null && !(await isInUse(workspace));
    if (isCopy) {
      await rm(join(workspace.root, 'server.json'), { force: true });
      await rm(join(workspace.root, 'users'), { recursive: true, force: true });
      if (!isPostgres(workspace.ledger) && (await exists(workspace.ledger))) {
        await endForeignSessions(workspace.ledger);
      }
    }
    const id = known === null || isCopy ? randomUUID() : known.id;
    const identity = { id, ...(await fileIdentity(workspace)) };
    await writeFileAtomically(join(workspace.root, 'identity.json'), `${JSON.stringify(identity)}\n`);
  });
}

async function readIdentity({ root }: Workspace) {
  const parsed = identitySchema.safeParse(await readJsonFile(join(root, 'identity.json')).catch(() => null));
  return parsed.success ? parsed.data : null;
}

async function hasMoved(workspace: Workspace): Promise<boolean> {
  const known = await readIdentity(workspace);
  const { device, inode } = await fileIdentity(workspace);
  return known?.device !== device || known.inode !== inode;
}

async function fileIdentity({ root }: Workspace) {
  const { dev, ino } = await stat(root, { bigint: true });
  return { device: String(dev), inode: String(ino) };
}

/** The locks of a copy are files of their own, which nobody holds. Some file systems number a folder differently on each machine. */
async function isInUse({ root, locks }: Workspace): Promise<boolean> {
  for (const folder of [locks, join(root, 'users')]) {
    for (const name of await readdir(folder).catch(() => [])) {
      const unlock = name.endsWith('.lock') ? tryExclusiveLock(join(folder, name)) : () => {};
      if (unlock === undefined) {
        return true;
      }
      unlock();
    }
  }
  return false;
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
