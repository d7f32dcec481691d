import { once } from 'node:events';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { TutelageError } from '../core/errors';
import { childEnvironment } from '../processes/child-environment';
import { spawnGuarded } from '../processes/guarded-process';

/** Progress messages are at least and at most this far apart. */
const MESSAGE_MS_MIN = 2000;
const MESSAGE_MS_MAX = 10_000;

/** The environment needs this much: with the CPU build of torch, and with the build for NVIDIA GPUs. */
const DISK_NEEDED = '2 GB (6 GB with an NVIDIA GPU)';

/** No source that pip may use has a package, or none has it for this Python and this machine. */
export class PackageNotFound extends TutelageError {}

/** Runs the commands of an installation one after another, summarizes their output, and keeps all of it in a log. */
export class InstallStep {
  private readonly startedAt = Date.now();
  private isLogStarted = false;

  constructor(
    private readonly logFile: string,
    private readonly onProgress: (message: string) => void,
  ) {}

  /** @throws TutelageError with the one reason that the command's output gives. */
  async run(title: string, command: string, args: readonly string[]): Promise<void> {
    this.onProgress(`${title} (${this.elapsed()})`);
    // Bytecode is kept whatever the caller's shell prefers: without it every engine start takes twice as long.
    const { PYTHONDONTWRITEBYTECODE: _, ...env } = childEnvironment('install');
    const child = spawnGuarded(command, args, { lifeline: 'pipe', stdout: 'pipe', stderr: 'pipe', env });
    const lines: string[] = [];
    let reportedAt = Date.now();
    let latest = '';
    const report = () => {
      reportedAt = Date.now();
      this.onProgress(`${title} (${this.elapsed()})${latest === '' ? '' : `: ${latest}`}`);
    };
    const read = (line: string) => {
      lines.push(line);
      const summary = summaryOf(line);
      latest = summary ?? latest;
      if (summary !== undefined && Date.now() - reportedAt >= MESSAGE_MS_MIN) {
        report();
      }
    };
    createInterface(child.stdout as Readable).on('line', read);
    createInterface(child.stderr as Readable).on('line', read);
    const heartbeat = setInterval(() => {
      if (Date.now() - reportedAt >= MESSAGE_MS_MAX) {
        report();
      }
    }, 1000);
    try {
      const [code, signal] = await once(child, 'close');
      await this.log(`$ ${command} ${args.join(' ')}\n${lines.join('\n')}\n`);
      if (code !== 0) {
        throw problemOf(title, lines, signal ?? `exit code ${code}`, this.logFile);
      }
    } finally {
      clearInterval(heartbeat);
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

/** A line of pip's output in a person's words; undefined for lines that say nothing new. */
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
    return new TutelageError(
      'transient',
      `${title}: the disk is full`,
      `free about ${DISK_NEEDED} and run the command again`,
    );
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
  if (/DO NOT MATCH THE HASHES/.test(text)) {
    const changed = /^\s+(\S+) from \S+/m.exec(text)?.[1] ?? 'a package';
    return new TutelageError(
      'damaged',
      `${title}: the file of ${changed} that pip found is not the one that was locked (its sha256 differs)`,
      `a mirror, a proxy or a local file has another build of it; see ${logFile} for the source`,
    );
  }
  const unmatched = /No matching distribution found for ([^\s;]+)/.exec(text);
  if (unmatched) {
    return new PackageNotFound('missing', `${title}: no configured source has ${unmatched[1]} for this Python`, hint);
  }
  const last = lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '';
  return new TutelageError(
    'transient',
    `${title}: ended with ${outcome}${last === '' ? '' : `: ${last.trim()}`}`,
    hint,
  );
}
