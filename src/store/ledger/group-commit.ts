import { type Change, type LedgerStore, LedgerUnreachable, type Touched, together } from './database';

/** What a change has to do with the others of its group. */
export interface Sharing {
  /** The accounts whose caps or sums the change reads before it writes. */
  readonly touched?: readonly Touched[];
  /** Names what the change is about: changes about different things may be done at the same time. */
  readonly apart?: string | null;
}

interface Waiting {
  readonly change: Change<unknown>;
  readonly touched: readonly Touched[];
  readonly apart: string | null;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One transaction for all changes that arrive within a few milliseconds: a durable commit costs an fsync, and a
 * thousand calls a second must not wait for as many. A caller resolves after the commit that holds its change. When a
 * change throws, the group is rolled back and each is done alone, so that one failure is its own only; a database that
 * stays unreachable fails them all.
 */
export class GroupCommit {
  private waiting: Waiting[] = [];
  private running: Promise<void> | null = null;

  constructor(
    private readonly store: LedgerStore,
    private readonly windowMs: number,
  ) {}

  submit<T>(change: Change<T>, { touched = [], apart = null }: Sharing = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({ change, touched, apart, resolve: resolve as (value: unknown) => void, reject });
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
      const results = await this.store.change(
        (transaction, moment) => {
          const work = (change: Change<unknown>) => change(transaction, moment);
          return moment.isShared ? doAll(group, work) : doInTurn(group, work);
        },
        group.flatMap(({ touched }) => touched),
      );
      group.forEach(({ resolve }, index) => {
        resolve(results[index]);
      });
    } catch (error) {
      if (group.length === 1 || error instanceof LedgerUnreachable) {
        for (const { reject } of group) {
          reject(error);
        }
        return;
      }
      for (const one of group) {
        await this.commit([one]);
      }
    }
  }
}

/**
 * A database in this process does one statement after the other. Many that wait for its one connection wake each other at
 * every statement, which takes more time than the statements do.
 */
async function doInTurn(group: readonly Waiting[], work: (change: Change<unknown>) => Promise<unknown>) {
  const values: unknown[] = [];
  for (const { change } of group) {
    values.push(await work(change));
  }
  return values;
}

/** In the order in which they came, except that neighbours about different things are done at the same time. */
async function doAll(group: readonly Waiting[], work: (change: Change<unknown>) => Promise<unknown>) {
  const values: unknown[] = [];
  let neighbours: Promise<unknown>[] = [];
  let about = new Set<string>();
  const end = async () => {
    values.push(...(await together(neighbours)));
    neighbours = [];
    about = new Set();
  };
  for (const { change, apart } of group) {
    if (apart === null || about.has(apart)) {
      await end();
    }
    neighbours.push(work(change));
    if (apart === null) {
      await end();
    } else {
      about.add(apart);
    }
  }
  await end();
  return values;
}
