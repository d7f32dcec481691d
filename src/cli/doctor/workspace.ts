import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, type ProcessIdentity } from '../../processes/process-identity';
import { openBucket } from '../../store/artifacts/s3-bucket';
import { s3LocationOf } from '../../store/artifacts/s3-location';
import { exists, hashFile } from '../../store/artifacts/whole-files';
import { migrations } from '../../store/ledger/migrations';
import { isPostgres } from '../../store/ledger/place';
import { addressOf, describeAddress } from '../../store/ledger/postgres/address';
import { openLedgerReader } from '../../store/ledger/read-ledger';
import { readJsonFile } from '../../store/workspace';
import { type ServerRecord, serverRecordFile } from '../../temporal/server-record';
import { isWorkedOn } from '../run-lock';
import type { Check } from './check';

export const workspaceCheck: Check = {
  name: 'workspace',
  look: async ({ workspace: { root } }) => {
    if (!(await exists(root))) {
      return { found: `${root} is not there yet; the first run makes it` };
    }
    const isWritable = await access(root, constants.W_OK).then(
      () => true,
      () => false,
    );
    return isWritable
      ? { found: root }
      : { found: `${root} cannot be written`, todo: 'make it writable, or name another folder with TUTELAGE_HOME' };
  },
};

const PATIENCE_MS = 5000;

/** A file of the workspace, or a PostgreSQL database that several machines share. */
export const ledgerCheck: Check = {
  name: 'ledger',
  look: async ({ workspace: { ledger: place } }) => {
    const isShared = isPostgres(place);
    if (!isShared && !(await exists(place))) {
      return { found: 'nothing was bought here yet' };
    }
    const where = isShared ? `PostgreSQL at ${describeAddress(addressOf(place))}` : place;
    const reader = await openLedgerReader(place, { patienceMs: PATIENCE_MS });
    try {
      const damage = await reader.integrityProblems();
      const wrong = damage.length > 0 ? damage : await reader.recount();
      return wrong.length === 0
        ? { found: `${where}, version ${migrations.length}: whole, and every account adds up` }
        : {
            found: `${where}: ${wrong.slice(0, 3).join('; ')}`,
            todo: 'restore it from a backup; until then start nothing in this workspace, and see `tutelage audit RUN`',
          };
    } finally {
      await reader.close();
    }
  },
};

/** Files that are hashed again: enough to meet a disk that loses data, few enough to take a moment. */
const SAMPLE = 30;
const SAMPLE_BYTES_MAX = 64 * 2 ** 20;

/** Files of the workspace, or objects in a bucket that several machines share. */
export const artifactsCheck: Check = {
  name: 'artifacts',
  look: async ({ workspace: { artifacts }, environment }) => {
    const location = s3LocationOf(environment);
    if (location !== null) {
      const bucket = openBucket(location.bucket, { patienceMs: PATIENCE_MS });
      // A name that nothing has: whether the bucket is there and may be read is all that is asked.
      await bucket.list(`${location.prefix}artifacts/ff-doctor`);
      return { found: `the bucket ${bucket.name} answers` };
    }
    const files = await storedFiles(artifacts);
    if (files.length === 0) {
      return { found: 'nothing was stored here yet' };
    }
    const sample = evenly(files, SAMPLE);
    const wrong: string[] = [];
    let hashed = 0;
    for (const { path, sha256 } of sample) {
      if ((await stat(path)).size <= SAMPLE_BYTES_MAX) {
        hashed += 1;
        wrong.push(...((await hashFile(path)) === sha256 ? [] : [path]));
      }
    }
    const found = `${files.length.toLocaleString('en-US')} files; of ${hashed} that were read`;
    return wrong.length === 0
      ? { found: `${found}, all are what their names say` }
      : {
          found: `${found}, ${wrong.length} are not what their names say: ${wrong.slice(0, 3).join(', ')}`,
          todo: 'check the disk; delete these files and give the same command again, which makes or copies them anew',
        };
  },
};

/** Nothing here can block anything: locks die with their holders, and what dead processes left is swept by the next one. */
export const processesCheck: Check = {
  name: 'processes',
  look: async ({ workspace }) => {
    const locks = (await namesIn(workspace.locks)).filter((name) => name.endsWith('.lock'));
    const works = locks.map((name) => name.slice(0, -'.lock'.length)).filter((name) => isWorkedOn(workspace, name));
    const server = await readJsonFile<ServerRecord>(serverRecordFile(workspace.root)).catch(() => null);
    const users = join(workspace.root, 'users');
    let dead = 0;
    for (const name of await namesIn(users)) {
      const identity = await readJsonFile<ProcessIdentity>(join(users, name)).catch(() => null);
      dead += Number(identity === null || !isAlive(identity));
    }
    const parts = [
      works.length === 0 ? 'nothing is worked on' : `worked on: ${works.join(', ')}`,
      server !== null && isAlive(server) ? `the server runs at ${server.address}` : 'no server runs',
      ...(dead === 0 ? [] : [`${dead} left by dead processes, which the next run sweeps`]),
    ];
    return { found: parts.join('; ') };
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

/** The addresses are hashes, so every so-many-th file is a fair sample. */
function evenly<T>(items: readonly T[], count: number): T[] {
  const step = Math.max(1, items.length / count);
  return Array.from({ length: Math.min(count, items.length) }, (_, index) => items[Math.floor(index * step)] as T);
}
