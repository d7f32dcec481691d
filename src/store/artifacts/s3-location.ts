import { TutelageError } from '../../core/errors';

/** Where artifacts are stored when they are not in the workspace. */
export interface S3Location {
  readonly bucket: string;
  /** Before every key; empty, or with a slash at its end. */
  readonly prefix: string;
  /** What the local cache may hold, in bytes. */
  readonly cacheBytesMax: number;
}

const GIB = 1024 ** 3;
const CACHE_GIB = 20;

/**
 * Reads TUTELAGE_ARTIFACTS (`s3://bucket/prefix`) and TUTELAGE_CACHE_GIB; `null` where artifacts stay in the workspace.
 *
 * @throws TutelageError `usage`
 */
export function s3LocationOf(environment: NodeJS.ProcessEnv): S3Location | null {
  const { TUTELAGE_ARTIFACTS: address = '', TUTELAGE_CACHE_GIB: cache = '' } = environment;
  if (address === '') {
    return null;
  }
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(address);
  const segments = (match?.[2] ?? '').split('/').filter((segment) => segment !== '');
  if (match === null || segments.some((segment) => !/^[\w.=-]+$/.test(segment) || /^\.+$/.test(segment))) {
    throw new TutelageError(
      'usage',
      'TUTELAGE_ARTIFACTS is not of the form s3://bucket/prefix',
      'name a bucket and, if you like, a prefix of letters, digits and - _ . = /; unset it to keep artifacts in the workspace',
    );
  }
  const gib = cache === '' ? CACHE_GIB : Number(cache);
  if (!Number.isFinite(gib) || gib <= 0) {
    throw new TutelageError('usage', `TUTELAGE_CACHE_GIB is ${cache}`, `give a number above 0, such as ${CACHE_GIB}`);
  }
  return {
    bucket: match[1] as string,
    prefix: segments.map((segment) => `${segment}/`).join(''),
    cacheBytesMax: gib * GIB,
  };
}
