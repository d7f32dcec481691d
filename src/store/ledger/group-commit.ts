import { sql } from 'kysely';
import type { LedgerDatabase } from './database';

/** A change to the ledger. It may run a second time after a rollback, so it keeps nothing outside its result. */
export type Change<T> = (transaction: LedgerDatabase) => Promise<T>;

interface Waiting {
  readonly change: Change<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One transaction for all changes that arrive within a few milliseconds: a durable commit costs an fsync, and a
 * thousand calls a second must not wait for as many. A caller resolves after the commit that holds its change. When a
 * change throws, the group is rolled back and each is done alone, so that one failure is its own only.
 */
export class GroupCommit {
  private waiting: Waiting[] = [];
  private running: Promise<void> | null = null;

  constructor(
    private readonly database: LedgerDatabase,
    private readonly windowMs: number,
  ) {}

  submit<T>(change: Change<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({ change, resolve: resolve as (value: unknown) => void, reject });
      this.running ??= this.drain();
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.running !== null) {
      await this.running;
    }
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, this.windowMs));
      const group = this.waiting;
      this.waiting = [];
      await this.commit(group);
    }
    this.running = null;
  }

  private async commit(group: readonly Waiting[]): Promise<void> {
    try {
      const results = await this.transaction(async (transaction) => {
        const values: unknown[] = [];
        for (const { change } of group) {
          values.push(await change(transaction));
        }
        return values;
      });
      group.forEach(({ resolve }, index) => {
        resolve(results[index]);
      });
    } catch (error) {
      if (group.length === 1) {
        group[0]?.reject(error);
        return;
      }
      for (const one of group) {
        await this.commit([one]);
      }
    }
  }

  private transaction<T>(work: Change<T>): Promise<T> {
    return this.database.connection().execute(async (session) => {
      await sql`begin immediate`.execute(session);
      try {
        const result = await work(session);
        await sql`commit`.execute(session);
        return result;
      } catch (error) {
        await sql`rollback`.execute(session).catch(() => undefined);
        throw error;
      }
    });
  }
}
