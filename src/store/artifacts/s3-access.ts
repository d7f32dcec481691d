import type { S3Client } from '@aws-sdk/client-s3';
import { s3Problem, statusOf } from './s3-problems';
import { retriesWithin } from './s3-retries';

/** A way to one bucket. */
export interface S3Access {
  readonly bucket: string;
  /** `http://host:port`, for people. */
  readonly endpoint: string;
  readonly retryMsMax: number;
  /**
   * Does something with the client; a permanent failure is described by `s3Problem`.
   * @param action follows "could not"
   */
  doing<T>(action: string, work: (client: S3Client) => Promise<T>): Promise<T>;
}

export function openAccess(bucket: string, retryMsMax: number): S3Access {
  const endpoint = endpointName();
  let client: Promise<S3Client> | undefined;
  return {
    bucket,
    endpoint,
    retryMsMax,
    doing: async (action, work) => {
      const startedMs = Date.now();
      try {
        client ??= openClient(retryMsMax);
        return await work(await client);
      } catch (error) {
        throw s3Problem(error, { endpoint, bucket, action, startedMs });
      }
    },
  };
}

/** Loaded on first use: it takes a third of a second, which a run on local files need not spend. */
export function sdk() {
  // Which Node this program runs on is its own business; the people who see the warning cannot act on it.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  return import('@aws-sdk/client-s3');
}

export const isNoBucket = (error: unknown) => (error as Error).name === 'NoSuchBucket';

/** An absent object is an answer; an absent bucket is a failure. */
export async function absentAs<T, Absent>(absent: Absent, ask: () => Promise<T>): Promise<T | Absent> {
  try {
    return await ask();
  } catch (error) {
    // 416: it ends before the range that was asked for, so the wanted content is not there.
    if ([404, 416].includes(statusOf(error) ?? 0) && !isNoBucket(error)) {
      return absent;
    }
    throw error;
  }
}

async function openClient(retryMsMax: number): Promise<S3Client> {
  const { S3Client: Client } = await sdk();
  const options = {
    // Servers other than AWS's own mostly have no host name for each bucket.
    forcePathStyle: customEndpoint() !== undefined,
    followRegionRedirects: true,
    retryStrategy: retriesWithin(retryMsMax),
    requestHandler: { connectionTimeout: 5000, socketTimeout: 30_000 },
    // The signature covers the body's hash, and what is read is hashed by the store; not every server knows the newer sums.
    requestChecksumCalculation: 'WHEN_REQUIRED' as const,
    responseChecksumValidation: 'WHEN_REQUIRED' as const,
  };
  const client = new Client(options);
  const region = await client.config.region().catch(() => '');
  // Servers other than AWS's own mostly have no regions either.
  return region === '' ? new Client({ ...options, region: 'us-east-1' }) : client;
}

const customEndpoint = () => process.env.AWS_ENDPOINT_URL_S3 || process.env.AWS_ENDPOINT_URL || undefined;

function endpointName(): string {
  const custom = customEndpoint();
  return custom === undefined ? 'AWS' : URL.canParse(custom) ? new URL(custom).origin : 'AWS_ENDPOINT_URL_S3';
}
