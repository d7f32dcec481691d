import { gunzipSync, gzipSync } from 'node:zlib';
import type { TokenUsage } from '../../core/budget/price';
import { TutelageError } from '../../core/errors';
import type { LedgerDatabase } from './database';
import type { CallFinish } from './schema';

/** A settled call's answer, as the ledger keeps it. */
export interface StoredAnswer {
  /** The bought call. */
  readonly call: string;
  readonly requestHash: string;
  readonly usage: TokenUsage;
  readonly finish: CallFinish;
  /** The teacher's reply, body as received. */
  readonly raw: string;
}

export const compressAnswer = (raw: string): Buffer => gzipSync(raw, { level: 3 });

/** @throws TutelageError `damaged` when a settled call has no readable answer */
export async function readAnswer(transaction: LedgerDatabase, call: string): Promise<StoredAnswer> {
  const row = await transaction
    .selectFrom('calls')
    .innerJoin('answers', 'answers.call', 'calls.id')
    .select(['request_hash', 'finish', 'input_tokens', 'cached_tokens', 'cache_write_tokens'])
    .select(['output_tokens', 'reasoning_tokens', 'estimated', 'absurd', 'body'])
    .where('calls.id', '=', call)
    .executeTakeFirst();
  if (row?.request_hash == null || row.finish === null) {
    throw new TutelageError(
      'damaged',
      `the ledger's call ${call} is settled without an answer`,
      'restore the ledger from a backup',
    );
  }
  return {
    call,
    requestHash: row.request_hash,
    usage: {
      inputTokens: row.input_tokens,
      cachedTokens: row.cached_tokens,
      cacheWriteTokens: row.cache_write_tokens,
      outputTokens: row.output_tokens,
      reasoningTokens: row.reasoning_tokens,
      estimated: row.estimated === 1,
      ...(row.absurd === 1 ? { isAbsurd: true } : {}),
    },
    finish: row.finish,
    raw: decompress(row.body, call),
  };
}

function decompress(body: Buffer | ArrayBuffer, call: string): string {
  try {
    return gunzipSync(body instanceof ArrayBuffer ? new Uint8Array(body) : body).toString('utf8');
  } catch (cause) {
    throw new TutelageError(
      'damaged',
      `the stored answer of call ${call} cannot be read`,
      'restore the ledger from a backup',
      {
        cause,
      },
    );
  }
}
