/** The ledger's tables as TypeScript sees them; `migrations.ts` makes them. Times are milliseconds since 1970, money is nano-USD. */
export interface LedgerTables {
  calls: CallsTable;
  answers: AnswersTable;
  accounts: AccountsTable;
  cap_changes: CapChangesTable;
  sessions: SessionsTable;
  identity: IdentityTable;
}

/**
 * `reserved`: room is reserved at worst-case price, and the request was sent if `request_hash` is set.
 * `settled`: the true price is known and the answer is stored. `unknown`: sent, outcome lost, counts at worst case.
 * `released`: certainly cost nothing.
 */
export type CallState = 'reserved' | 'settled' | 'unknown' | 'released';

/** `question` and `answer` make a row, `agreement` asks for its answer again, to compare; `judge` and `lion` grade one of the student for a strategy, `verdict` for an evaluation. */
export type CallPurpose = 'question' | 'answer' | 'agreement' | 'judge' | 'lion' | 'verdict';

/** How a paid reply ended. `incomplete`: for any other reason, or for none it gave; `unreadable`: whole, and without text. */
export type CallFinish = 'stop' | 'length' | 'content_filter' | 'refused' | 'incomplete' | 'unreadable';

export interface CallsTable {
  id: string;
  run: string;
  experiment: string | null;
  /** Names the row within its run: parent seed, how often it was asked before, and the question's request. */
  row: string;
  purpose: CallPurpose;
  /** That first needed the call; `null` for a preview, and in ledgers of versions that did not note it. */
  iteration: number | null;
  /** `null` until the request is about to be sent. */
  request_hash: string | null;
  attempt: number;
  state: CallState;
  /** The session (process) that works on it. */
  owner: string;
  worst_tokens: number;
  worst_nano_usd: number;
  input_tokens: number;
  cached_tokens: number;
  cache_write_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
  nano_usd: number;
  /** 1 on the answer of a row that counts as a sample, else 0. */
  samples: number;
  /** 1 where the reply had no usage and the tokens are upper bounds. */
  estimated: number;
  /** 1 where the reply reported a hundred times the worst case or more, and the worst case was booked. */
  absurd: number;
  finish: CallFinish | null;
  /** The bought call whose answer this run is charged for; `null` for a bought call. */
  shared_from: string | null;
  reserved_at: number;
  sent_at: number | null;
  ended_at: number | null;
}

/** Raw replies, gzip'd. Apart from `calls`, so that sums over calls read no answers. */
export interface AnswersTable {
  call: string;
  body: Buffer | ArrayBuffer;
  /** Of the raw reply, in hexadecimal; `null` for answers that an older version stored. */
  sha256: string | null;
}

export type AccountKind = 'run' | 'experiment';

/** Caps, and what is settled, reserved or unknown together: the left side of the budget's rule, kept with every change. */
export interface AccountsTable {
  kind: AccountKind;
  name: string;
  cap_samples: number | null;
  cap_tokens: number | null;
  cap_nano_usd: number | null;
  samples: number;
  tokens: number;
  nano_usd: number;
}

/** Append-only: `null` is no cap. */
export interface CapChangesTable {
  kind: AccountKind;
  name: string;
  at: number;
  who: string;
  caps_before: string;
  caps_after: string;
}

/** One row. */
export interface IdentityTable {
  one: number;
  /** Random, from when the ledger was made. */
  id: string;
}

export interface SessionsTable {
  id: string;
  host: string;
  boot: string;
  pid: number;
  /** Start time of the process in kernel ticks, to recognise a reused pid; empty where the system has none. */
  process_start: string;
  lease_until: number;
  ended: number;
}
