import { sql } from 'kysely';
import { type Caps, formatUsd, usdOf } from '../../core/budget/price';
import { TutelageError } from '../../core/errors';
import type { Change, LedgerDatabase } from './database';
import type { AccountKind } from './schema';

export interface AccountName {
  readonly kind: AccountKind;
  readonly name: string;
}

/** The sum of settled, reserved and unknown calls. */
export interface Committed {
  readonly samples: number;
  readonly tokens: number;
  readonly nanoUsd: number;
}

export interface Account extends AccountName {
  readonly caps: Caps;
  readonly committed: Committed;
}

export type CapName = keyof Caps;

export const capNames: readonly CapName[] = ['samples', 'tokens', 'nanoUsd'];

/** Makes the account with its caps; one that exists keeps the caps it has. */
export function openAccount({ kind, name }: AccountName, caps: Caps): Change<void> {
  checkCaps(caps, `${kind} ${name}`);
  return async (transaction) => {
    await transaction
      .insertInto('accounts')
      .values({ kind, name, ...capColumns(caps), samples: 0, tokens: 0, nano_usd: 0 })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  };
}

/**
 * Changes the caps and writes down who did.
 * @throws TutelageError `usage` when a cap would be below what is already settled, reserved or unknown
 */
export function setCaps(account: AccountName, caps: Caps, who: string): Change<void> {
  checkCaps(caps, `${account.kind} ${account.name}`);
  return async (transaction, { at }) => {
    const { committed, caps: before } = await readAccount(transaction, account);
    for (const cap of capNames) {
      const limit = caps[cap];
      if (limit !== null && limit < committed[cap]) {
        throw new TutelageError(
          'usage',
          `the cap of ${describe(cap, limit)} for ${account.kind} ${account.name} is below the ${describe(cap, committed[cap])} already spent or reserved`,
          `choose at least ${describe(cap, committed[cap])}`,
        );
      }
    }
    const { kind, name } = account;
    await transaction
      .updateTable('accounts')
      .set(capColumns(caps))
      .where('kind', '=', kind)
      .where('name', '=', name)
      .execute();
    await transaction
      .insertInto('cap_changes')
      .values({
        kind,
        name,
        at,
        who,
        caps_before: JSON.stringify(before),
        caps_after: JSON.stringify(caps),
      })
      .execute();
  };
}

/** @throws TutelageError `usage` when there is no such account */
export const readAccount = async (transaction: LedgerDatabase, name: AccountName): Promise<Account> =>
  (await readAccounts(transaction, [name]))[0] as Account;

/** In the order of the names. */
export async function readAccounts(transaction: LedgerDatabase, names: readonly AccountName[]): Promise<Account[]> {
  const rows = await transaction
    .selectFrom('accounts')
    .selectAll()
    .where((when) => when.or(names.map(({ kind, name }) => when.and({ kind, name }))))
    .execute();
  return names.map(({ kind, name }) => {
    const row = rows.find((one) => one.kind === kind && one.name === name);
    if (row === undefined) {
      throw new TutelageError('usage', `the ledger has no account for ${kind} ${name}`, 'start it with `tutelage run`');
    }
    return {
      kind,
      name,
      caps: { samples: row.cap_samples, tokens: row.cap_tokens, nanoUsd: row.cap_nano_usd },
      committed: { samples: row.samples, tokens: row.tokens, nanoUsd: row.nano_usd },
    };
  });
}

/** The first cap that adding this would exceed, or `null`. */
export function bindingCap(account: Account, added: Committed): CapName | null {
  const passes = (cap: CapName) => {
    const limit = account.caps[cap];
    return limit !== null && added[cap] > 0 && account.committed[cap] + added[cap] > limit;
  };
  return capNames.find(passes) ?? null;
}

/** Adds to what the run and its experiment have committed. A shared answer is no charge to the experiment, which bought it once. */
export async function changeAccounts(
  transaction: LedgerDatabase,
  { run, experiment }: { readonly run: string; readonly experiment: string | null },
  change: Committed,
  changeOfBill: Committed = change,
): Promise<void> {
  const [ofRun, ofExperiment] = accountNames({ run, experiment });
  if (changeOfBill === change) {
    await add(transaction, [ofRun, ofExperiment], change);
    return;
  }
  await add(transaction, [ofRun], change);
  await add(transaction, [ofExperiment], changeOfBill);
}

/** The run's, and the experiment's where it has one. */
export const accountNames = ({
  run,
  experiment,
}: {
  readonly run: string;
  readonly experiment: string | null;
}): readonly [AccountName, AccountName?] =>
  experiment === null
    ? [{ kind: 'run', name: run }]
    : [
        { kind: 'run', name: run },
        { kind: 'experiment', name: experiment },
      ];

async function add(
  transaction: LedgerDatabase,
  names: readonly (AccountName | undefined)[],
  { samples, tokens, nanoUsd }: Committed,
): Promise<void> {
  const accounts = names.filter((name) => name !== undefined);
  if (accounts.length === 0 || (samples === 0 && tokens === 0 && nanoUsd === 0)) {
    return;
  }
  const those = sql.join(
    accounts.map(({ kind, name }) => sql`(kind = ${kind} and name = ${name})`),
    sql` or `,
  );
  await sql`update accounts set samples = samples + ${samples}, tokens = tokens + ${tokens},
    nano_usd = nano_usd + ${nanoUsd} where ${those}`.execute(transaction);
}

function checkCaps(caps: Caps, whose: string): void {
  for (const cap of capNames) {
    const limit = caps[cap];
    if (limit !== null && !(Number.isSafeInteger(limit) && limit > 0)) {
      throw new TutelageError(
        'usage',
        `expected a cap that is a positive whole number, got ${describe(cap, limit)} for ${whose}`,
        'correct the budget in the file',
      );
    }
  }
}

export function describe(cap: CapName, amount: number): string {
  return cap === 'nanoUsd' ? formatUsd(usdOf(amount)) : `${amount} ${cap}`;
}

const capColumns = (caps: Caps) => ({
  cap_samples: caps.samples,
  cap_tokens: caps.tokens,
  cap_nano_usd: caps.nanoUsd,
});
