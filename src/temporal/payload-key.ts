import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TutelageError } from '../core/errors';
import { KEY_BYTES } from './payload-codec';

/** `<workspace>/payload.key`: 32 bytes in hexadecimal, readable by the workspace's owner alone. */
export const payloadKeyFile = (workspace: string) => join(workspace, 'payload.key');

const VARIABLE = 'TUTELAGE_PAYLOAD_KEY';
const SECRET_CHARACTERS_MIN = 32;

/**
 * The key of a workspace's own server, made when it is first asked for; two processes that make it at once agree on one.
 * @throws TutelageError `damaged`: the file does not hold a key
 */
export async function workspaceKey(workspace: string): Promise<Buffer> {
  const file = payloadKeyFile(workspace);
  const stored = await readKey(file);
  if (stored !== null) {
    return stored;
  }
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, `${randomBytes(KEY_BYTES).toString('hex')}\n`, { mode: 0o600 });
  try {
    // A link never replaces a file that is there, and a reader never sees half of one.
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') {
        throw error;
      }
    });
  } finally {
    await rm(draft, { force: true });
  }
  const made = await readKey(file);
  if (made === null) {
    throw new TutelageError('damaged', `${file} disappeared while it was written`);
  }
  return made;
}

/** The key if there is one; `null` if the workspace never started a server. */
export async function readKey(file: string): Promise<Buffer | null> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') {
      return null;
    }
    throw error;
  });
  if (text === null) {
    return null;
  }
  const hex = text.trim();
  if (!/^[0-9a-f]{64}$/.test(hex)) {
    throw new TutelageError(
      'damaged',
      `${file} does not hold a key (64 hexadecimal digits)`,
      'restore it from a backup: without it, what the Temporal server holds cannot be read; results and ledger are not affected',
    );
  }
  return Buffer.from(hex, 'hex');
}

/**
 * The key that all machines of a named cluster share; `null` where the variable is not set, and payloads are then
 * protected by the cluster's own access control alone.
 * @throws TutelageError `usage`: too short to be a secret
 */
export function clusterKey(environment: NodeJS.ProcessEnv = process.env): Buffer | null {
  const secret = environment[VARIABLE] || null;
  if (secret === null) {
    return null;
  }
  if (secret.length < SECRET_CHARACTERS_MIN) {
    throw new TutelageError(
      'usage',
      `${VARIABLE} has ${secret.length} characters, expected at least ${SECRET_CHARACTERS_MIN}`,
      'make one with `openssl rand -hex 32`, and set it on every machine that works on the runs',
    );
  }
  return createHash('sha256').update(secret).digest();
}
