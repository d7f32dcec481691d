import type { TeacherConfig } from '../core/config/schema';
import type { TutelageError } from '../core/errors';
import type { Secrets } from '../core/secrets';
import type { Ledger, Reservation } from '../store/ledger';
import { overrunError } from './overrun-error';
import type { Reply } from './reply';
import type { RowRules } from './row-plan';
import { secretError, storedReply } from './stored-reply';
import { bookedUsage } from './usage';

export interface SettleParts {
  readonly config: TeacherConfig;
  readonly ledger: Pick<Ledger, 'settle'>;
  readonly rules: Pick<RowRules, 'priceOf'>;
  readonly secrets: Secrets;
}

export interface SettledReply {
  /** The body as it is stored. */
  readonly raw: string;
  /** Once it is committed: why nothing more may be sent (a bill over a cap, or a secret in the reply), or `null`. */
  readonly problem: Promise<TutelageError | null>;
}

/** Books a paid reply as it will be billed, and stores it without secrets. */
export function settleReply(
  { config, ledger, rules, secrets }: SettleParts,
  reservation: Reservation,
  { raw, reply }: { readonly raw: string; readonly reply: Reply },
): SettledReply {
  const { completion, finish } = reply;
  const usage = bookedUsage(reply.usage, reservation.worst, config.max_tokens);
  const stored = storedReply(raw, completion, usage, secrets);
  const problem = ledger
    .settle(reservation, { usage, finish, raw: stored.raw, nanoUsd: rules.priceOf(usage) })
    .then((overrun) => {
      if (overrun !== null) {
        return overrunError(overrun, config);
      }
      return stored.variable === null ? null : secretError(config, stored.variable);
    });
  return { raw: stored.raw, problem };
}
