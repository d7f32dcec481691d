import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TutelageError } from '../../core/errors';
import { readJsonFile, type Workspace, writeFileAtomically } from '../workspace';
import { type Bucket, openBucket } from './s3-bucket';
import { s3Files } from './s3-files';
import { s3LocationOf } from './s3-location';
import { hashFile } from './whole-files';

/** The version of the layout under the prefix, so that a later version knows what it reads. */
const FORMAT = 1;
const SENT_AT_ONCE = 8;

/** Which of the folder's artifacts are known to be in which bucket. */
interface Sent {
  readonly to: string;
  readonly beforeMs: number;
}

/**
 * Before anything is bought: tries that the bucket can be read and written, and sends what the workspace's own folder
 * holds from before it shared a bucket, so that a run that began on one machine can continue on several. Does nothing where
 * artifacts stay in the workspace.
 *
 * @throws TutelageError that says what is wrong with the bucket, its name or the credentials
 */
export async function prepareArtifacts(workspace: Workspace, onProgress: (message: string) => void): Promise<void> {
  const location = s3LocationOf(process.env);
  if (location === null) {
    return;
  }
  const bucket = openBucket(location.bucket);
  onProgress(`reaching the bucket ${bucket.name}`);
  await tryBucket(bucket, location.prefix);
  const to = `${bucket.name}/${location.prefix}`;
  const recordPath = join(workspace.root, 'artifacts-sent.json');
  const sent = await readJsonFile<Sent>(recordPath);
  const beforeMs = Date.now();
  const files = await filesSince(workspace.artifacts, sent?.to === to ? sent.beforeMs : 0);
  if (files.length === 0) {
    return;
  }
  const remote = s3Files(bucket, location.prefix);
  let done = 0;
  const sendSome = async () => {
    for (let file = files.pop(); file !== undefined; file = files.pop()) {
      // A damaged file stays where it is, for its reader to report.
      if (!(await remote.has(file.sha256)) && (await hashFile(file.path)) === file.sha256) {
        await remote.send(file.sha256, file.path);
      }
      done += 1;
      if (done % 100 === 0) {
        onProgress(`sending this workspace's artifacts to the bucket (${done} of ${done + files.length})`);
      }
    }
  };
  onProgress(`sending this workspace's artifacts to the bucket (${files.length})`);
  await Promise.all(Array.from({ length: SENT_AT_ONCE }, sendSome));
  await writeFileAtomically(recordPath, `${JSON.stringify({ to, beforeMs } satisfies Sent)}\n`);
}

async function tryBucket(bucket: Bucket, prefix: string): Promise<void> {
  const key = `${prefix}tutelage.json`;
  if (await bucket.putText(key, `${JSON.stringify({ format: FORMAT })}\n`, { onlyIf: null })) {
    return;
  }
  const text = (await bucket.getText(key))?.text ?? '';
  if (text.trim() !== JSON.stringify({ format: FORMAT })) {
    throw new TutelageError(
      'usage',
      `${bucket.name}/${key} does not say format ${FORMAT}: another version of tutelage wrote there`,
      'use that version, or name another prefix with TUTELAGE_ARTIFACTS',
    );
  }
}

/** The whole files in an artifact folder that came since then. */
async function filesSince(folder: string, sinceMs: number): Promise<{ sha256: string; path: string }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files: { sha256: string; path: string }[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const sha256 = `${entry.parentPath.slice(-2)}${entry.name}`;
    if (entry.isFile() && /^[0-9a-f]{64}$/.test(sha256) && (await stat(path)).mtimeMs >= sinceMs) {
      files.push({ sha256, path });
    }
  }
  return files;
}
