import { once } from 'node:events';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { TutelageError } from '../core/errors';
import { spawnGuarded } from '../processes/guarded-process';

/** A summary at most this often, and a sign of life at least. */
const MESSAGE_MS_MIN = 2000;
const MESSAGE_MS_MAX = 10_000;

/** Runs the commands of an installation one after another, sums up what they say, and keeps all of it in a log. */
export class InstallStep {
  private readonly startedAt = Date.now();
  private isLogStarted = false;

  constructor(
    private readonly logFile: string,
    private readonly onProgress: (message: string) => void,
  ) {}

  /** @throws TutelageError with the one reason that its output gives. */
  async run(title: string, command: string, args: readonly string[]): Promise<void> {
    this.onProgress(`${title} (${this.elapsed()})`);
    // Bytecode is to be kept, whatever the caller's shell prefers: without it every engine start takes twice as long.
    const { PYTHONDONTWRITEBYTECODE: _, ...env } = process.env;
    const child = spawnGuarded(command, args, { lifeline: 'pipe', stdout: 'pipe', stderr: 'pipe', env });
    const lines: string[] = [];
    let saidAt = Date.now();
    let latest = '';
    const say = () => {
      saidAt = Date.now();
      this.onProgress(`${title} (${this.elapsed()})${latest === '' ? '' : `: ${latest}`}`);
    };
    const hear = (line: string) => {
      lines.push(line);
      const summary = summaryOf(line);
      latest = summary ?? latest;
      if (summary !== undefined && Date.now() - saidAt >= MESSAGE_MS_MIN) {
        say();
      }
    };
    createInterface(child.stdout as Readable).on('line', hear);
    createInterface(child.stderr as Readable).on('line', hear);
    const signOfLife = setInterval(() => {
      if (Date.now() - saidAt >= MESSAGE_MS_MAX) {
        say();
      }
    }, 1000);
    try {
      const [code, signal] = await once(child, 'close');
      await this.log(`$ ${command} ${args.join(' ')}\n${lines.join('\n')}\n`);
      if (code !== 0) {
        throw problemOf(title, lines, signal ?? `exit code ${code}`, this.logFile);
      }
    } finally {
      clearInterval(signOfLife);
    }
  }

  private elapsed(): string {
    return `${Math.round((Date.now() - this.startedAt) / 1000)} s`;
  }

  private async log(text: string): Promise<void> {
    await mkdir(dirname(this.logFile), { recursive: true });
    await (this.isLogStarted ? appendFile : writeFile)(this.logFile, text);
    this.isLogStarted = true;
  }
}

/** What a line of pip says to a person; undefined for lines that say nothing new. */
export function summaryOf(line: string): string | undefined {
  const collecting = /^Collecting (\S+)/.exec(line);
  if (collecting) {
    return `looking up ${collecting[1]}`;
  }
  const downloading = /^\s*Downloading (\S+?)(?:-[0-9][^\s/]*)?(?: \(([^)]+)\))?$/.exec(line);
  if (downloading) {
    const name = downloading[1]?.split('/').at(-1);
    return `downloading ${name}${downloading[2] === undefined ? '' : `, ${downloading[2]}`}`;
  }
  const installing = /^Installing collected packages: (.*)$/.exec(line);
  return installing ? `unpacking ${installing[1]?.split(',').length} packages` : undefined;
}

/** The one clear sentence for a failed command. */
export function problemOf(title: string, lines: readonly string[], outcome: string, logFile: string): TutelageError {
  const text = lines.join('\n');
  const hint = `see ${logFile}; the same command starts the set-up again`;
  if (/No space left on device|Errno 28/.test(text)) {
    return new TutelageError('transient', `${title}: the disk is full`, `free about 2 GB and run the command again`);
  }
  if (
    /Failed to establish a new connection|NameResolutionError|ConnectTimeoutError|Network is unreachable|ProxyError/.test(
      text,
    )
  ) {
    return new TutelageError(
      'missing',
      `${title}: the package index cannot be reached`,
      'connect to the network (or configure pip for your mirror) and run the command again, or name a Python that has torch, transformers and peft with TUTELAGE_PYTHON',
    );
  }
  const unmatched = /No matching distribution found for (\S+)/.exec(text);
  if (unmatched) {
    return new TutelageError('missing', `${title}: no configured source has ${unmatched[1]} for this Python`, hint);
  }
  const last = lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '';
  return new TutelageError(
    'transient',
    `${title}: ended with ${outcome}${last === '' ? '' : `: ${last.trim()}`}`,
    hint,
  );
}
