import { TutelageError } from '../../core/errors';

/**
 * The schema of both databases, in words that SQLite knows; PostgreSQL's names of the same types are put in by
 * `inPostgres`. Append-only: a ledger that was written by version n is opened by every later version, by the statements after the
 * n-th. Never change an entry that was released.
 */
export const migrations: readonly (readonly string[])[] = [
  [
    `create table calls (
      id text primary key, run text not null, experiment text, "row" text not null, purpose text not null,
      request_hash text, attempt integer not null, state text not null, owner text not null,
      worst_tokens integer not null, worst_nano_usd integer not null,
      input_tokens integer not null, cached_tokens integer not null, output_tokens integer not null,
      reasoning_tokens integer not null, nano_usd integer not null,
      samples integer not null, estimated integer not null, finish text, shared_from text,
      reserved_at integer not null, sent_at integer, ended_at integer,
      check (state in ('reserved', 'settled', 'unknown', 'released')),
      check (samples in (0, 1)),
      check (state <> 'unknown' or samples = 0),
      check (state <> 'settled' or request_hash is not null)
    )`,
    // The database itself forbids buying an answer twice, and one row of a run from being worked on twice.
    `create unique index calls_one_purchase on calls (request_hash)
      where shared_from is null and state in ('reserved', 'settled')`,
    `create unique index calls_one_per_row on calls (run, "row", purpose) where state in ('reserved', 'settled')`,
    `create index calls_reserved on calls (run, experiment, owner) where state = 'reserved'`,
    `create index calls_unknown on calls (run, experiment) where state = 'unknown'`,
    `create index calls_experiment on calls (experiment) where experiment is not null`,
    `create table answers (call text primary key, body blob not null)`,
    `create table accounts (
      kind text not null, name text not null,
      cap_samples integer, cap_tokens integer, cap_nano_usd integer,
      samples integer not null, tokens integer not null, nano_usd integer not null,
      primary key (kind, name),
      check (samples >= 0 and tokens >= 0 and nano_usd >= 0)
    )`,
    `create table cap_changes (
      kind text not null, name text not null, at integer not null, who text not null,
      caps_before text not null, caps_after text not null
    )`,
    `create table sessions (
      id text primary key, host text not null, boot text not null, pid integer not null, process_start text not null,
      lease_until integer not null, ended integer not null
    )`,
  ],
  // What the raw answer hashed to when it came; answers of before have none.
  [`alter table answers add column sha256 text`],
  // One run's calls, and what one process left, are found without those of all others.
  [`create index calls_run on calls (run)`, `create index calls_of_owner on calls (owner) where state = 'reserved'`],
  // A further answer is bought to see whether the answers agree; `verify` is what hygiene does with them.
  [`update calls set purpose = 'agreement' where purpose = 'verify'`],
  // Endpoints report usage that cannot be true; the call is marked.
  [`alter table calls add column absurd integer not null default 0`],
  // Some endpoints bill input that is written to their cache at a price of its own.
  [`alter table calls add column cache_write_tokens integer not null default 0`],
  // A ledger is distinguished from one that was begun anew in its place.
  [`create table identity (one integer primary key, id text not null, check (one = 1))`],
  // What an iteration spent is the sum over its own calls, whenever it is asked; calls of before have none.
  [`alter table calls add column iteration integer`],
];

const typesInPostgres: Readonly<Record<string, string>> = {
  integer: 'bigint',
  blob: 'bytea',
  // Texts are compared by their bytes in SQLite; an order by the server's language would be another one.
  text: 'text collate "C"',
};

export const inPostgres = (statement: string): string =>
  statement.replace(/\b(integer|blob|text)\b/g, (type) => typesInPostgres[type] ?? type);

/** @throws TutelageError `usage` when a newer program wrote the ledger */
export function refuseNewer(version: number, location: string): void {
  if (version > migrations.length) {
    throw new TutelageError(
      'usage',
      `the ledger ${location} has version ${version}, this program knows versions up to ${migrations.length}`,
      'use the newer tutelage that wrote it, or another workspace',
    );
  }
}
