import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import pino from 'pino';
import { secretsOf } from '../core/secrets';

/**
 * A file that log lines are appended to, whole lines at a time, with the values of the environment's secrets replaced
 * by the names of their variables. A log that cannot be written (a full disk) must not end the process: what matters is
 * said elsewhere.
 */
export function redactingFile(path: string): { write(line: string): void } {
  mkdirSync(dirname(path), { recursive: true });
  const file = pino.destination({ dest: path, sync: true, append: true });
  file.on('error', () => {});
  const secrets = secretsOf(process.env);
  return { write: (line) => file.write(secrets.redact(line)) };
}
