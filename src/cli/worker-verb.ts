import { type Command, InvalidArgumentError } from 'commander';
import { servedQueues } from '../core/names';
import { parseQueues } from './queues';

/** The verb by which a machine joins. */
export function addWorkerVerb(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('worker')
    .description('serve task queues on this machine until a signal comes; runs are started with `tutelage run`')
    .option('--queues <names>', 'some of loop, teacher, student', parseQueues, servedQueues)
    .option('--engines <count>', 'student engines; default: one for each card, or one', positiveInteger)
    .option('--drain-seconds <seconds>', 'at a signal, how long steps may take to come to rest', positiveInteger, 60)
    .option('--listen <host:port>', 'answer /health and /metrics (Prometheus) there', hostAndPort)
    .option('--json', 'events as JSON lines on stdout', false)
    .action(async (options) => finish(await (await import('./worker.js')).workerCommand(options)));
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new InvalidArgumentError('expected a whole number of at least 1');
  }
  return value;
}

function hostAndPort(text: string): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > 65_535) {
    throw new InvalidArgumentError('expected HOST:PORT, such as 127.0.0.1:9464 (0.0.0.0 for every interface)');
  }
  return { host, port: Number(port) };
}
