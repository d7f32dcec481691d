import { TutelageError } from '../../core/errors';

/** What was being done, for a message. */
export interface S3Attempt {
  /** Without user information. */
  readonly endpoint: string;
  readonly bucket: string;
  /** `store artifacts/ab/cdef`, say: follows "could not". */
  readonly action: string;
  readonly startedMs: number;
}

interface SdkError {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
}

const CREDENTIALS = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'InvalidToken',
  'TokenRefreshRequired',
]);
const REGION = new Set(['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException']);

/** Trouble with a file of this machine. */
const LOCAL = new Set(['ENOENT', 'ENOSPC', 'EACCES', 'EPERM', 'EIO', 'EMFILE', 'EROFS', 'EDQUOT']);

export const statusOf = (error: unknown): number | undefined => (error as SdkError).$metadata?.httpStatusCode;

/**
 * The one clear sentence for a request that failed for good. What an endpoint says in its own words is left out: some
 * quote the request, and with it who made it.
 */
export function s3Problem(error: unknown, attempt: S3Attempt): unknown {
  const { endpoint, bucket, action } = attempt;
  const { name = '', message = '', code, $metadata } = error as SdkError;
  const status = $metadata?.httpStatusCode;
  const problem = (kind: 'missing' | 'usage' | 'transient', why: string, hint: string) =>
    new TutelageError(kind, `could not ${action} in the bucket ${bucket} at ${endpoint}: ${why}`, hint);
  if (/CredentialsProvider|TokenProvider/.test(name)) {
    return problem(
      'missing',
      'there are no credentials',
      'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where a role gives them',
    );
  }
  if (CREDENTIALS.has(name)) {
    return problem(
      'missing',
      `the credentials are not accepted (${name})`,
      'check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile that AWS_PROFILE names',
    );
  }
  if (name === 'NoSuchBucket') {
    return problem('missing', 'the bucket does not exist', `create it, or correct TUTELAGE_ARTIFACTS`);
  }
  if (REGION.has(name) || status === 301) {
    return problem('usage', `the bucket is in another region (${name})`, 'name its region with AWS_REGION');
  }
  if (status === 403) {
    return problem(
      'missing',
      `the credentials do not allow it (${name})`,
      `allow them s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload on the prefix, and s3:ListBucket on ${bucket}`,
    );
  }
  if (status === 501 || (status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429)) {
    return problem('usage', `it answered ${status} ${name}`, 'check TUTELAGE_ARTIFACTS and AWS_ENDPOINT_URL_S3');
  }
  const isOfNetwork = $metadata?.attempts !== undefined && name !== 'AbortError' && !LOCAL.has(code ?? '');
  if (status === undefined && !isOfNetwork) {
    return error;
  }
  const seconds = Math.round((Date.now() - attempt.startedMs) / 1000);
  const last = status === undefined ? (code ?? /\bE[A-Z]{4,}\b/.exec(message)?.[0] ?? name) : `${status} ${name}`;
  return problem(
    'transient',
    `tried ${$metadata?.attempts} times in ${seconds} s, last met ${last}`,
    'check that the endpoint is up and AWS_ENDPOINT_URL_S3 is right; finished work is kept, and the same command resumes',
  );
}
