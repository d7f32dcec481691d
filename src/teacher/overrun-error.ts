import { formatUsd, usdOf } from '../core/budget/price';
import type { TeacherConfig } from '../core/config/schema';
import { TutelageError } from '../core/errors';
import type { Overrun } from '../store/ledger';
import { endpointOf } from './request';

/** The endpoint bills more than was reserved, and a cap is passed by it: the run pauses with what a person must know. */
export function overrunError(overrun: Overrun, config: TeacherConfig): TutelageError {
  const { account, cap, limit, committed, inputTokens, outputTokens, worstTokens } = overrun;
  const billed =
    outputTokens > config.max_tokens
      ? `bills ${outputTokens} output tokens with max_tokens ${config.max_tokens}`
      : `bills ${inputTokens + outputTokens} tokens for a request of at most ${worstTokens}`;
  const amount = (value: number) => (cap === 'nanoUsd' ? formatUsd(usdOf(value)) : `${value} ${cap}`);
  return new TutelageError(
    'teacher-refused',
    `${endpointOf(config)} ${billed}: ${account.kind} ${account.name} has spent or reserved ${amount(committed)}, its cap is ${amount(limit)}; nothing more is sent`,
    'raise the cap with `tutelage budget`, or stop the run and set teacher.max_tokens to what the endpoint bills',
  );
}
