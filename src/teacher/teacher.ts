import type { TeacherConfig } from '../core/config/schema';
import type { Task } from '../core/tasks/task';
import type { Ledger } from '../store/ledger';
import { createBatches } from './batch/batch-job';
import { buyRows } from './buy-rows';
import { openEndpoint, type Post, secretsAt } from './client';
import { EndpointRefusal } from './failure';
import { limiterOf, limitsOf } from './limiter';
import { endpointOf } from './request';
import { rowRules } from './row-plan';
import type { Teacher } from './types';

export interface TeacherOptions {
  readonly config: TeacherConfig;
  readonly task: Task;
  /** Answers asked for, for one question; more than one where they are compared. */
  readonly answers?: number;
  readonly ledger: Ledger;
  /** Where the offline teacher listens, up to `/v1`; needed when the provider is `offline`. */
  readonly offlineBaseUrl?: string;
  /** Where the key is looked up. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** @throws TutelageError `missing` when the key is not in the environment */
export function createTeacher(options: TeacherOptions): Teacher {
  const { config, task, ledger } = options;
  const rules = rowRules(config, task, options.answers);
  const environment = options.environment ?? process.env;
  const endpoint = openEndpoint(config, environment, options.offlineBaseUrl);
  const post = config.mode === 'batch' ? leftOver : endpoint.post;
  const limiter = limiterOf(endpointOf(config), limitsOf(config));
  const parts = { config, ledger, post, limiter, rules, secrets: secretsAt(config, environment) };
  // Of a batch, single rows may be left over, which fail and are replaced; that all fail is another matter.
  const reading = config.mode === 'batch' ? { ...parts, config: { ...config, failing_share_max: 1 } } : parts;

  return {
    buyRows: (request) => buyRows(reading, request),
    batches: createBatches(parts, endpoint.openai),
    worstRow: rules.worstRow,
  };
}

/** Rows of a batch are read when its jobs have ended: what they left over is not asked for at the full price. */
const leftOver: Post = async () => {
  throw new EndpointRefusal(400, new Headers(), JSON.stringify({ error: { message: 'no batch job answered it' } }));
};
