import type { RunConfig, TeacherConfig } from '../core/config/schema';
import { judgeOf, measurementsOf } from '../core/strategies';
import { keyOf } from '../teacher/key';

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables that hold the keys of a file's runs, in the order in which they are first needed. */
export function keyNames(configs: readonly RunConfig[]): string[] {
  return [...new Set(configs.flatMap(askedEndpoints).map(({ api_key_env }) => api_key_env))];
}

/**
 * Better now than after the first hour of work.
 * @throws TutelageError `missing` for the first key that is not in the environment
 */
export function requireKeys(configs: readonly RunConfig[], environment: Environment = process.env): void {
  for (const endpoint of configs.flatMap(askedEndpoints)) {
    keyOf(endpoint, environment);
  }
}

/** Whoever a run asks over the network: the teacher, and the judge where the strategy asks for grades. */
function askedEndpoints(config: RunConfig): TeacherConfig[] {
  const isGraded = measurementsOf(config.strategy).measurement === 'grades';
  return [config.teacher, ...(isGraded ? [judgeOf(config)] : [])].filter(({ provider }) => provider !== 'offline');
}
