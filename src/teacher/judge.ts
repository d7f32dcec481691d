import { priceNanoUsd } from '../core/budget/price';
import type { TeacherConfig } from '../core/config/schema';
import type { Grade } from '../core/records';
import type { Ledger } from '../store/ledger';
import { buyGrades } from './buy-grades';
import { openEndpoint, secretsAt } from './client';
import { limiterOf, limitsOf } from './limiter';
import type { PaidCallParts } from './paid-call';
import { endpointOf } from './request';
import type { GradesRequest } from './types';

export interface Judge {
  /**
   * A grade for every answer, in the order given, bought through the ledger like everything else. Doing it again costs
   * nothing for what is settled, and equal answers to equal questions are graded once in a workspace.
   * @throws TutelageError `teacher-refused` when the endpoint refuses every request: the run pauses
   * @throws TutelageError `transient` when it stays unreachable or loses replies
   */
  buyGrades(request: GradesRequest): Promise<Grade[]>;
}

export interface JudgeOptions {
  /** As `judgeOf` makes it. */
  readonly config: TeacherConfig;
  readonly ledger: Ledger;
  /** Where the offline judge listens, up to `/v1`; needed when the provider is `offline`. */
  readonly offlineBaseUrl?: string;
  /** Where the key is looked up. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** @throws TutelageError `missing` when the key is not in the environment */
export function createJudge({ config, ledger, offlineBaseUrl, environment = process.env }: JudgeOptions): Judge {
  const parts: PaidCallParts = {
    config,
    ledger,
    post: openEndpoint(config, environment, offlineBaseUrl).post,
    limiter: limiterOf(endpointOf(config), limitsOf(config)),
    rules: { priceOf: (usage) => priceNanoUsd(usage, config.price) },
    secrets: secretsAt(config, environment),
  };
  return { buyGrades: (request) => buyGrades(parts, request) };
}
