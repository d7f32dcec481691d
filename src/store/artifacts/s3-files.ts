import { TutelageError } from '../../core/errors';
import type { RemoteFiles } from './addressed-files';
import type { Bucket } from './s3-bucket';
import { hashFile } from './whole-files';

/** Artifacts as objects `<prefix>ab/cdef...` of a bucket. What is brought from there has the right hash or is refused. */
export function s3Files(bucket: Bucket, prefix: string): RemoteFiles {
  const keyOf = (sha256: string) => `${prefix}${sha256.slice(0, 2)}/${sha256.slice(2)}`;
  return {
    has: (sha256) => bucket.has(keyOf(sha256)),
    send: (sha256, path) => bucket.putFile(keyOf(sha256), path),
    fetch: async ({ kind, sha256, bytes }, path) => {
      const address = `${bucket.name}/${keyOf(sha256)}`;
      if (!(await bucket.getFile(keyOf(sha256), path, bytes))) {
        throw damaged(`artifact ${kind} ${sha256} is not whole at ${address}`);
      }
      const found = await hashFile(path);
      if (found !== sha256) {
        throw damaged(`artifact ${address} should hash to ${sha256}, but hashes to ${found}`);
      }
    },
  };
}

const damaged = (message: string) =>
  new TutelageError(
    'damaged',
    message,
    'restore the object from a backup or an older version, or start the run afresh with --new',
  );
