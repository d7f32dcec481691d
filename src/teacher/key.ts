import { isKeyAllowed } from '../core/config/credential-names';
import type { TeacherConfig } from '../core/config/schema';
import { TutelageError } from '../core/errors';
import { endpointOf } from './request';

/**
 * The key of an endpoint, from the environment.
 * @throws TutelageError `missing`, with the next step, where it is not set or cannot be sent in a header;
 * `usage` where its name says that it is not a key for a teacher
 */
export function keyOf(config: TeacherConfig, environment: Readonly<Record<string, string | undefined>>): string {
  const name = config.api_key_env;
  requireAllowed(name, config, environment);
  const key = environment[name];
  if (key === undefined || key === '') {
    throw new TutelageError(
      'missing',
      `no key for the teacher at ${endpointOf(config)}: the environment variable ${name} is not set`,
      `export ${name}=... (any text where the endpoint needs no key), or name another in teacher.api_key_env`,
    );
  }
  if (!/^[\x20-\x7e]+$/.test(key) || key.trim() !== key) {
    throw new TutelageError(
      'missing',
      `the key for the teacher at ${endpointOf(config)} cannot be sent: ${name} holds ${unsendable(key)}`,
      `export ${name}=... again, without it; nothing was sent`,
    );
  }
  return key;
}

/**
 * @throws TutelageError `usage` for a variable whose name says that it holds the secret of something else
 */
export function requireAllowed(
  name: string,
  config: TeacherConfig,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  if (!isKeyAllowed(name, environment.TUTELAGE_KEYS)) {
    throw new TutelageError(
      'usage',
      `the configuration sends the environment variable ${name} to ${endpointOf(config)}, and by its name it is not a key for a teacher`,
      `if that is what you want, export TUTELAGE_KEYS=${name} (several names: separated by commas)`,
    );
  }
}

function unsendable(key: string): string {
  if (/[\r\n]/.test(key)) {
    return 'a line break';
  }
  return key.trim() === key ? 'a character that a header cannot have' : 'a space at its beginning or end';
}
