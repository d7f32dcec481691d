import { isHeaderValue } from '../core/config/endpoint-checks';
import type { TeacherConfig } from '../core/config/schema';
import { TutelageError } from '../core/errors';
import { requireAllowed } from './key';
import { endpointOf } from './request';

/**
 * The headers of `teacher.headers`, names in lower case, with the values that the environment holds. They are stored
 * nowhere.
 * @throws TutelageError `missing`, with the next step, where a variable is not set or its value cannot be sent
 */
export function extraHeaders(
  config: TeacherConfig,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  if (config.provider === 'offline') {
    return {};
  }
  return Object.fromEntries(
    Object.entries(config.headers ?? {}).map(([name, value]) => [
      name.toLowerCase(),
      typeof value === 'string' ? value : fromEnvironment(name, value.env),
    ]),
  );

  function fromEnvironment(header: string, variable: string): string {
    requireAllowed(variable, config, environment);
    const value = environment[variable];
    if (value !== undefined && value !== '' && isHeaderValue(value)) {
      return value;
    }
    const what = value === undefined || value === '' ? 'is not set' : 'holds characters that no header can have';
    throw new TutelageError(
      'missing',
      `no value for the header ${header} of ${endpointOf(config)}: the environment variable ${variable} ${what}`,
      `export ${variable}=..., or name another variable in headers`,
    );
  }
}
