import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { statusOf } from './s3-problems';

type Strategy = NonNullable<S3ClientConfig['retryStrategy']>;
type Token = ReturnType<typeof tokenOf>;

/** In the 500s, and the one of them that stays. */
const NOT_IMPLEMENTED = 501;
const DELAY_MS_MIN = 100;
const DELAY_MS_MAX = 5000;

/**
 * How every request is repeated: what may pass (503, SlowDown, a cut, a time-out) again and again with growing pauses,
 * for as long as the patience lasts; what will not pass, never. By time and not by a count of attempts, because a
 * server that restarts refuses many requests in a moment.
 */
export function retriesWithin(retryMsMax: number): Strategy {
  return {
    mode: 'within-time',
    acquireInitialRetryToken: async () => tokenOf(0, Date.now()),
    refreshRetryTokenForRetry: async (token: Token, info: { errorType: string; error?: unknown }) => {
      const isPassing = info.errorType !== 'CLIENT_ERROR' && statusOf(info.error) !== NOT_IMPLEMENTED;
      if (!isPassing || Date.now() - token.startedMs >= retryMsMax) {
        throw info.error;
      }
      return tokenOf(token.getRetryCount() + 1, token.startedMs);
    },
    recordSuccess: () => {},
  } as unknown as Strategy;
}

function tokenOf(retries: number, startedMs: number) {
  return {
    startedMs,
    getRetryCount: () => retries,
    getRetryDelay: () => (retries === 0 ? 0 : pauseMs(retries)),
  };
}

/** Doubles up to some seconds; the random part keeps many clients from coming back at the same moment. */
export function pauseMs(retries: number): number {
  return Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** Math.min(retries, 10)) * (0.5 + Math.random() / 2);
}
