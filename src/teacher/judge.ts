import { priceNanoUsd } from '../core/budget/price';
import type { TeacherConfig } from '../core/config/schema';
import type { Grade, Seed } from '../core/records';
import type { GradeKind } from '../core/strategies';
import type { Charge, Ledger } from '../store/ledger';
import type { AskingParts } from './asking';
import { buyGrades } from './buy-grades';
import { chatCompletions, createClient, discretion } from './client';
import { limiterOf, limitsOf } from './limiter';
import { endpointOf } from './request';
import type { BuyProgress } from './types';

/** One answer of the student to be graded. */
export interface AnswerToGrade {
  readonly seed: Seed;
  readonly answer: string;
}

export interface GradesRequest {
  readonly account: Charge;
  readonly kind: GradeKind;
  readonly answers: readonly AnswerToGrade[];
  readonly runSeed: number;
  readonly signal: AbortSignal;
  /** Called at every call. */
  readonly onProgress?: (progress: BuyProgress) => void;
}

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
  const parts: AskingParts = {
    config,
    ledger,
    post: chatCompletions(createClient(config, environment, offlineBaseUrl)),
    limiter: limiterOf(endpointOf(config), limitsOf(config)),
    rules: { priceOf: (usage) => priceNanoUsd(usage, config.price) },
    discreet: discretion(config, environment),
  };
  return { buyGrades: (request) => buyGrades(parts, request) };
}
