import { TutelageError } from '../../core/errors';
import { type Committed, capNames, changeAccounts, describe, readAccount } from './accounts';
import type { Change } from './database';
import type { StoredCall } from './read-ledger';

/**
 * Charges a run for answers that another one has bought or shared: the same rows, requests and prices, nothing sent.
 * Doing it twice is doing it once.
 * @param groups one group for each iteration, in order; the ledger keeps that order
 * @throws TutelageError `usage` when together they are above a cap of the run
 */
export function shareCalls(owner: string, run: string, groups: readonly (readonly StoredCall[])[]): Change<void> {
  return async (transaction, { at }) => {
    const there = await transaction.selectFrom('calls').select('id').where('run', '=', run).limit(1).execute();
    if (there.length > 0) {
      return;
    }
    const rows = groups.flatMap((calls, group) =>
      calls.map((call, index) => ({
        ...call,
        id: `${owner}.${run}.${group}.${index}`,
        run,
        experiment: null,
        iteration: group + 1,
        attempt: 1,
        owner,
        shared_from: call.shared_from ?? call.id,
        // One millisecond an iteration: what belongs to which is read from the order of the ends.
        reserved_at: at + group,
        sent_at: null,
        ended_at: at + group,
      })),
    );
    for (let start = 0; start < rows.length; start += 500) {
      await transaction
        .insertInto('calls')
        .values(rows.slice(start, start + 500))
        .execute();
    }
    const charged: Committed = { samples: 0, tokens: 0, nanoUsd: 0 };
    const sum = rows.reduce(
      (total, call) => ({
        samples: total.samples + call.samples,
        tokens: total.tokens + call.input_tokens + call.output_tokens,
        nanoUsd: total.nanoUsd + call.nano_usd,
      }),
      charged,
    );
    await changeAccounts(transaction, { run, experiment: null }, sum);
    const { caps } = await readAccount(transaction, { kind: 'run', name: run });
    for (const cap of capNames) {
      const limit = caps[cap];
      if (limit !== null && sum[cap] > limit) {
        throw new TutelageError(
          'usage',
          `the iterations that ${run} shares have cost ${describe(cap, sum[cap])}, its cap is ${describe(cap, limit)}`,
          `choose a budget of more than ${describe(cap, sum[cap])}`,
        );
      }
    }
  };
}
