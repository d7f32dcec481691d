import type { TeacherConfig } from '../core/config/schema';
import { TutelageError } from '../core/errors';
import { endpointOf } from './request';

/**
 * The key of an endpoint, from the environment.
 * @throws TutelageError `missing`, with the one next step
 */
export function keyOf(config: TeacherConfig, environment: Readonly<Record<string, string | undefined>>): string {
  const key = environment[config.api_key_env];
  if (key === undefined || key === '') {
    throw new TutelageError(
      'missing',
      `no key for the teacher at ${endpointOf(config)}: the environment variable ${config.api_key_env} is not set`,
      `export ${config.api_key_env}=... (any text where the endpoint needs no key), or name another in teacher.api_key_env`,
    );
  }
  return key;
}
