import Database from 'libsql';

/** A call as the file has it, read without the product's own code. */
export interface LedgerCall {
  readonly id: string;
  readonly purpose: string;
  readonly state: 'reserved' | 'settled' | 'unknown' | 'released';
  readonly request_hash: string | null;
  readonly shared_from: string | null;
  readonly worst_tokens: number;
  readonly worst_nano_usd: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly nano_usd: number;
  readonly samples: number;
  readonly reserved_at: number;
  readonly sent_at: number | null;
  readonly ended_at: number | null;
}

export function readCalls(path: string): LedgerCall[] {
  return withDatabase(path, (database) => database.prepare('select * from calls').all() as LedgerCall[]);
}

/** The answers that are settled and stored, uncompressed. */
export function readAnswers(path: string, decompress: (body: Buffer) => string): string[] {
  return withDatabase(path, (database) =>
    (database.prepare('select body from answers').all() as { body: Buffer }[]).map(({ body }) => decompress(body)),
  );
}

export interface Committed {
  samples: number;
  tokens: number;
  nanoUsd: number;
}

/**
 * Walks the calls of a run in time and adds up what was settled, reserved and unknown at every instant; what ended and
 * what began in one millisecond is taken in this order. Returns the most there ever was.
 */
export function mostCommitted(calls: readonly LedgerCall[]): Committed {
  const events = calls.flatMap((call) => {
    const sample = call.purpose === 'answer' ? 1 : 0;
    const begin = {
      at: call.reserved_at,
      order: 1,
      samples: sample,
      tokens: call.worst_tokens,
      nanoUsd: call.worst_nano_usd,
    };
    if (call.ended_at === null) {
      return [begin];
    }
    const end = {
      settled: {
        samples: call.samples - sample,
        tokens: call.input_tokens + call.output_tokens - call.worst_tokens,
        nanoUsd: call.nano_usd - call.worst_nano_usd,
      },
      unknown: { samples: -sample, tokens: 0, nanoUsd: 0 },
      released: { samples: -sample, tokens: -call.worst_tokens, nanoUsd: -call.worst_nano_usd },
      reserved: { samples: 0, tokens: 0, nanoUsd: 0 },
    }[call.state];
    return [begin, { at: call.ended_at, order: 0, ...end }];
  });
  const now: Committed = { samples: 0, tokens: 0, nanoUsd: 0 };
  const most: Committed = { ...now };
  for (const event of events.sort((left, right) => left.at - right.at || left.order - right.order)) {
    for (const key of ['samples', 'tokens', 'nanoUsd'] as const) {
      now[key] += event[key];
      most[key] = Math.max(most[key], now[key]);
    }
  }
  return most;
}

function withDatabase<T>(path: string, look: (database: Database.Database) => T): T {
  const database = new Database(path);
  try {
    database.exec('pragma busy_timeout = 20000');
    return look(database);
  } finally {
    database.close();
  }
}
