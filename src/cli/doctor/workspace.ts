import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { plural } from '../../analysis/phrases';
import { tryExclusiveLock } from '../../processes/exclusive-lock';
import { thisMachine } from '../../processes/process-identity';
import { openBucket } from '../../store/artifacts/s3-bucket';
import { s3LocationOf } from '../../store/artifacts/s3-location';
import { exists, hashFile } from '../../store/artifacts/whole-files';
import { knownLedger } from '../../store/known-ledger';
import { isPostgres } from '../../store/ledger/location';
import { migrations } from '../../store/ledger/migrations';
import { addressOf, describeAddress } from '../../store/ledger/postgres/address';
import { openLedgerReader } from '../../store/ledger/read-ledger';
import { isServing, readServerRecord } from '../../temporal/server-record';
import { isRunning } from '../run-lock';
import type { DoctorCheck } from './check';

export const workspaceCheck: DoctorCheck = {
  name: 'workspace',
  inspect: async ({ workspace: { root } }) => {
    if (!(await exists(root))) {
      return { detail: `${root} does not exist yet; the first run creates it` };
    }
    for (const folder of [root, join(root, 'runs'), join(root, 'logs'), join(root, 'locks')]) {
      const isFolder = (await stat(folder).catch(() => null))?.isDirectory() ?? null;
      const isWritable = isFolder === null || (isFolder && (await isWritableFolder(folder)));
      if (!isWritable) {
        const what = isFolder ? 'is not writable' : 'is a file, not a folder';
        return { detail: `${folder} ${what}`, fix: 'make it writable, or set TUTELAGE_HOME to another folder' };
      }
    }
    return { detail: root };
  },
};

const isWritableFolder = (folder: string) =>
  access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );

const CONNECT_MS_MAX = 5000;

/** A file of the workspace, or a PostgreSQL database that several machines share. */
export const ledgerCheck: DoctorCheck = {
  name: 'ledger',
  inspect: async ({ workspace }) => {
    const { ledger: location } = workspace;
    const known = await knownLedger(workspace);
    const isShared = isPostgres(location);
    if (!isShared && known.expected === undefined && !(await exists(location))) {
      return { detail: 'nothing bought in this workspace yet' };
    }
    const where = isShared ? `PostgreSQL at ${describeAddress(addressOf(location))}` : location;
    const reader = await openLedgerReader(location, { ...known, waitMsMax: CONNECT_MS_MAX });
    try {
      const damage = await reader.integrityProblems();
      const wrong = damage.length > 0 ? damage : await reader.recount();
      return wrong.length === 0
        ? { detail: `${where}, version ${migrations.length}: intact, and every account adds up` }
        : {
            detail: `${where}: ${wrong.slice(0, 3).join('; ')}`,
            fix: 'restore it from a backup before you start anything in this workspace; `tutelage audit RUN` shows what is affected',
          };
    } finally {
      await reader.close();
    }
  },
};

/** Files that are hashed again: enough to notice a disk that loses data, few enough to be quick. */
const SAMPLE_FILES = 30;
const SAMPLE_BYTES_MAX = 64 * 2 ** 20;

/** Files of the workspace, or objects in a bucket that several machines share. */
export const artifactsCheck: DoctorCheck = {
  name: 'artifacts',
  inspect: async ({ workspace: { artifacts }, environment }) => {
    const location = s3LocationOf(environment);
    if (location !== null) {
      const bucket = openBucket(location.bucket, { retryMsMax: CONNECT_MS_MAX });
      // No object has this prefix: the request only shows whether the bucket exists and may be read.
      await bucket.list(`${location.prefix}artifacts/ff-doctor`);
      return { detail: `the bucket ${bucket.name} answers` };
    }
    const files = await storedFiles(artifacts);
    if (files.length === 0) {
      return { detail: 'nothing stored in this workspace yet' };
    }
    const sample = evenly(files, SAMPLE_FILES);
    const wrong: string[] = [];
    let hashed = 0;
    for (const { path, sha256 } of sample) {
      if ((await stat(path)).size <= SAMPLE_BYTES_MAX) {
        hashed += 1;
        wrong.push(...((await hashFile(path)) === sha256 ? [] : [path]));
      }
    }
    const detail = `${plural(files.length, 'file')}, ${hashed} of them read`;
    return wrong.length === 0
      ? { detail: `${detail}: every hash matches` }
      : {
          detail: `${detail}: ${plural(wrong.length, 'hash', 'hashes')} ${wrong.length === 1 ? 'does' : 'do'} not match: ${wrong.slice(0, 3).join(', ')}`,
          fix: 'check the disk, delete these files and repeat the command of the run: it creates or copies them again',
        };
  },
};

/** Informational: locks end with their holders, and the next run removes what dead processes left. */
export const processesCheck: DoctorCheck = {
  name: 'processes',
  inspect: async ({ workspace }) => {
    // Says so where the system hides its processes.
    thisMachine();
    const locks = (await namesIn(workspace.locks)).filter((name) => name.endsWith('.lock'));
    const works = locks.map((name) => name.slice(0, -'.lock'.length)).filter((name) => isRunning(workspace, name));
    const server = await readServerRecord(workspace.root);
    const users = join(workspace.root, 'users');
    let dead = 0;
    for (const name of (await namesIn(users)).filter((one) => one.endsWith('.lock'))) {
      const unlock = tryExclusiveLock(join(users, name));
      unlock?.();
      dead += Number(unlock !== undefined);
    }
    const parts = [
      works.length === 0 ? 'no run is active' : `active: ${works.join(', ')}`,
      server !== null && isServing(server, workspace.root) ? `server at ${server.address}` : 'no server',
      ...(dead === 0 ? [] : [`${plural(dead, 'record')} of dead processes, which the next run removes`]),
    ];
    return { detail: parts.join('; ') };
  },
};

async function storedFiles(root: string): Promise<{ path: string; sha256: string }[]> {
  const files: { path: string; sha256: string }[] = [];
  for (const folder of (await namesIn(root)).filter((name) => /^[0-9a-f]{2}$/.test(name))) {
    for (const name of await namesIn(join(root, folder))) {
      files.push(...(/^[0-9a-f]{62}$/.test(name) ? [{ path: join(root, folder, name), sha256: folder + name }] : []));
    }
  }
  return files;
}

const namesIn = (folder: string) =>
  readdir(folder).then(
    (names) => names.sort(),
    () => [],
  );

/** Names are hashes, so every n-th file is a fair sample. */
function evenly<T>(items: readonly T[], count: number): T[] {
  const step = Math.max(1, items.length / count);
  return Array.from({ length: Math.min(count, items.length) }, (_, index) => items[Math.floor(index * step)] as T);
}
