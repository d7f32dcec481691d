import { z } from 'zod';
import { TutelageError } from '../../core/errors';
import type { Bucket } from '../artifacts/s3-bucket';
import { type SharedCheckpoints, sharedCheckpoints } from './shared-checkpoints';

/** Two files of a finished job's directory, as they are written. */
export interface JobRecordFiles {
  readonly spec: string;
  readonly artifacts: string;
}

/** The engine's jobs of all machines that share a bucket: a job that one of them finished is finished for all. */
export interface SharedJobs {
  readonly checkpoints: SharedCheckpoints;
  /** `null` where nobody finished the job. */
  read(hash: string): Promise<JobRecordFiles | null>;
  /**
   * @param options.replace whether to replace an existing record; otherwise it is kept
   * @returns false where one stays
   */
  put(hash: string, files: JobRecordFiles, options: { replace: boolean }): Promise<boolean>;
  /** The finished jobs. */
  hashes(): Promise<string[]>;
}

const recordFiles = z.object({ spec: z.string(), artifacts: z.string() });

export function sharedJobs(bucket: Bucket, prefix: string): SharedJobs {
  const folder = `${prefix}jobs/`;
  const keyOf = (hash: string) => `${folder}${hash}/record.json`;
  return {
    checkpoints: sharedCheckpoints(bucket, { folder, isFinished: (hash) => bucket.has(keyOf(hash)) }),
    read: async (hash) => {
      const found = await bucket.getText(keyOf(hash));
      return found === null ? null : parse(found.text, `${bucket.name}/${keyOf(hash)}`);
    },
    put: (hash, files, { replace }) =>
      bucket.putText(keyOf(hash), JSON.stringify(files), replace ? {} : { onlyIf: null }),
    hashes: async () => {
      const keys = await bucket.list(folder);
      return keys.flatMap((key) => /^([0-9a-f]{64})\/record\.json$/.exec(key.slice(folder.length))?.[1] ?? []);
    },
  };
}

function parse(text: string, address: string): JobRecordFiles {
  try {
    return recordFiles.parse(JSON.parse(text));
  } catch (cause) {
    throw new TutelageError('damaged', `${address} is not a job's record`, 'remove the object: the job is done again', {
      cause,
    });
  }
}
