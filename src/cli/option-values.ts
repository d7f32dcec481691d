import { InvalidArgumentError } from 'commander';
import { TutelageError } from '../core/errors';
import { type ServedQueue, servedQueues } from '../core/names';
import { type Settings, type SteeringRequest, settingNames } from '../core/steering';

/**
 * Reads what is typed after an option or as an argument.
 * Each throws commander's InvalidArgumentError, which names the option, unless it says otherwise.
 */

/** An option that may be repeated. */
export const collect = (value: string, earlier: readonly string[]) => [...earlier, value];

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError('expected a whole number of at least 1');
  }
  return value;
}

export function previewRowCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1 || count > 100) {
    throw new InvalidArgumentError('expected a whole number from 1 to 100');
  }
  return count;
}

/** Its sign and size are judged where its meaning is known: `core/steering.ts`. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new InvalidArgumentError('expected a number');
  }
  return value;
}

export function port(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1 || value > 65_535) {
    throw new InvalidArgumentError('expected a port, 1 to 65535');
  }
  return value;
}

/** `127.0.0.1:9464`, `[::1]:9464` */
export function hostAndPort(text: string): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > 65_535) {
    throw new InvalidArgumentError('expected HOST:PORT, such as 127.0.0.1:9464 (0.0.0.0 for every interface)');
  }
  return { host, port: Number(port) };
}

/** `loop,student` */
export function queues(text: string): readonly ServedQueue[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !isQueue(name));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`expected some of ${servedQueues.join(', ')}, got ${JSON.stringify(unknown)}`);
  }
  return servedQueues.filter((queue) => names.includes(queue));
}

export function queuesWithLoop(text: string): readonly ServedQueue[] {
  const named = queues(text);
  if (!named.includes('loop')) {
    throw new InvalidArgumentError('must include loop: the process that serves it writes the records of the run');
  }
  return named;
}

const isQueue = (name: string): name is ServedQueue => (servedQueues as readonly string[]).includes(name);

/**
 * `concurrency=8 iterations=6`
 * @throws TutelageError `usage` for a setting that is unknown or has no value
 */
export function settings(texts: readonly string[]): SteeringRequest {
  const keys = Object.keys(settingNames) as (keyof Settings)[];
  const request: { -readonly [Key in keyof Settings]: Settings[Key] } = {};
  for (const text of texts) {
    const [name, value, ...rest] = text.split('=');
    const key = keys.find((candidate) => settingNames[candidate] === name);
    if (key === undefined || value === undefined || rest.length > 0) {
      throw new TutelageError(
        'usage',
        `cannot set ${JSON.stringify(text)}`,
        'you can set concurrency=N, iterations=N and parallel_runs=N; everything else is fixed when a run starts',
      );
    }
    request[key] = Number(value);
  }
  return { verb: 'set', ...request };
}
