import { sql } from 'kysely';

/**
 * What a statement asks of a call's state, in words and not as parameters: SQLite uses an index over some rows only where
 * it reads their condition in the statement itself, and would go through every call of the workspace otherwise.
 */

/** What forbids a second purchase, or a second call for the same row. */
export const isReservedOrOwned = sql<boolean>`state in ('reserved', 'settled')`;

export const isReserved = sql<boolean>`state = 'reserved'`;

export const isUnknown = sql<boolean>`state = 'unknown'`;

/** Owners are sessions (processes), and batch jobs. */
export const jobOwner = (job: string): string => `batch:${job}`;
export const isJob = (owner: string): boolean => owner.startsWith(jobOwner(''));
