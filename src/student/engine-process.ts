import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { TutelageError } from '../core/errors';
import {
  type EngineEvent,
  type EngineFailure,
  type EngineRequest,
  type EngineResult,
  engineEvent,
} from './engine-protocol';

export interface EngineOptions {
  readonly python: string;
  readonly engineDirectory: string;
  /** The workspace; in the engine's environment, so that it can be told apart in the process table. */
  readonly workspace: string;
  readonly logFile: string;
  /** The one card that it may see; `null` where there are none, or where it is to choose. */
  readonly card: string | null;
  readonly limits: EngineLimits;
}

export interface EngineLimits {
  /** A working engine that says nothing for so long hangs, and is killed. */
  readonly stallMs: number;
  /** How long a cancelled job may take to save its checkpoint before SIGTERM, and then before SIGKILL. */
  readonly cancelGraceMs: number;
  readonly terminateGraceMs: number;
}

interface RunningJob {
  readonly request: EngineRequest;
  readonly onEvent: (event: EngineEvent) => void;
  readonly resolve: (result: EngineResult) => void;
  readonly reject: (error: unknown) => void;
}

/** One Python process, in a process group of its own, which does one job at a time. It ends when its stdin closes. */
export class EngineProcess {
  /** What the engine most likely still holds in memory. */
  modelKey: string | undefined;
  private readonly child: ChildProcess;
  private readonly logStart: number;
  /** Settles when the process has ended. */
  readonly exited: Promise<void>;
  private job: RunningJob | undefined;
  private ending: string | undefined;
  private stallTimer: NodeJS.Timeout | undefined;
  private stalled = false;
  private isDoubtful = false;

  constructor(private readonly options: EngineOptions) {
    mkdirSync(dirname(options.logFile), { recursive: true });
    const log = openSync(options.logFile, 'a');
    this.logStart = statSync(options.logFile).size;
    this.child = spawn(options.python, ['-u', join(options.engineDirectory, 'serve.py')], {
      detached: true,
      stdio: ['pipe', 'pipe', log],
      env: engineEnvironment(options),
    });
    closeSync(log);
    // A write to an engine that has just died fails; its exit says all there is to say.
    this.stdin.on('error', () => {});
    createInterface({ input: this.child.stdout as Readable }).on('line', (line) => this.hear(line));
    this.exited = new Promise((resolve) => {
      this.child.once('error', (error) => {
        this.ended(`could not be started: ${error.message}`);
        resolve();
      });
      this.child.once('close', (code, signal) => {
        this.ended(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`);
        resolve();
      });
    });
  }

  get isUsable(): boolean {
    return this.ending === undefined && !this.stalled && !this.isDoubtful;
  }

  /**
   * Does one job. Cancelling asks the engine to stop at its next step, then terminates, then kills its group; the promise
   * settles only when the engine has let go of the job.
   *
   * @throws the signal's reason; TutelageError `student-input`, or `transient` where the engine died, hung or failed.
   */
  async run(
    request: EngineRequest,
    options: { signal: AbortSignal; onEvent: (event: EngineEvent) => void },
  ): Promise<EngineResult> {
    const { signal, onEvent } = options;
    const timers: NodeJS.Timeout[] = [];
    const outcome = new Promise<EngineResult>((resolve, reject) => {
      this.job = { request, onEvent, resolve, reject };
    });
    const cancel = () => {
      const { cancelGraceMs, terminateGraceMs } = this.options.limits;
      this.write({ cancel: request.id });
      timers.push(setTimeout(() => this.signalGroup('SIGTERM'), cancelGraceMs));
      timers.push(setTimeout(() => this.signalGroup('SIGKILL'), cancelGraceMs + terminateGraceMs));
    };
    this.watchForStall();
    if (this.ending !== undefined) {
      this.ended(this.ending);
    }
    // An engine that is still importing finds the line when it is ready.
    this.write(request);
    signal.addEventListener('abort', cancel);
    if (signal.aborted) {
      cancel();
    }
    try {
      return await outcome;
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', cancel);
      timers.forEach(clearTimeout);
      clearTimeout(this.stallTimer);
      this.job = undefined;
    }
  }

  /** Closes stdin, which ends a sound engine at once; SIGTERM and SIGKILL to the group for any other. */
  async close(): Promise<void> {
    this.stdin.end();
    const { terminateGraceMs } = this.options.limits;
    const timers = [
      setTimeout(() => this.signalGroup('SIGTERM'), terminateGraceMs),
      setTimeout(() => this.signalGroup('SIGKILL'), 2 * terminateGraceMs),
    ];
    await this.exited;
    timers.forEach(clearTimeout);
  }

  private get stdin(): Writable {
    return this.child.stdin as Writable;
  }

  private hear(line: string): void {
    const parsed = engineEvent.safeParse(parseJson(line));
    if (!parsed.success) {
      return;
    }
    const event = parsed.data;
    const { job } = this;
    if (job === undefined) {
      return;
    }
    this.watchForStall();
    if (event.event === 'ready' || event.id !== job.request.id) {
      return;
    }
    if (event.event === 'result') {
      job.resolve(event);
    } else if (event.event === 'error') {
      // What failed for want of memory, or by a bug, may have left the process in a state that spoils the next job.
      this.isDoubtful = event.code === 'out-of-memory' || event.code === 'bug';
      job.reject(failureOf(event, job.request.op, this.options.logFile));
    } else {
      job.onEvent(event);
    }
  }

  private ended(how: string): void {
    this.ending = how;
    this.job?.reject(
      new TutelageError(
        'transient',
        `the student engine ${this.stalled ? `said nothing for ${this.options.limits.stallMs / 1000} s and was killed` : how} during ${this.job.request.op}${this.lastWords()}`,
        `its log is ${this.options.logFile}`,
      ),
    );
  }

  private watchForStall(): void {
    clearTimeout(this.stallTimer);
    this.stallTimer = setTimeout(() => {
      this.stalled = true;
      this.signalGroup('SIGKILL');
    }, this.options.limits.stallMs);
  }

  private write(line: object): void {
    this.stdin.write(`${JSON.stringify(line)}\n`);
  }

  private signalGroup(signal: NodeJS.Signals): void {
    if (this.child.pid === undefined || this.ending !== undefined) {
      return;
    }
    try {
      process.kill(-this.child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
        throw error;
      }
    }
  }

  /** The last lines that this process wrote into the log. */
  private lastWords(): string {
    const lines = readFileSync(this.options.logFile)
      .subarray(this.logStart)
      .toString('utf8')
      .trim()
      .split('\n')
      .slice(-5)
      .join('\n')
      .slice(-1000);
    return lines === '' ? '' : `; its last words:\n${lines}`;
  }
}

function failureOf({ code, message, hint }: EngineFailure, op: string, logFile: string): TutelageError {
  if (code === 'input') {
    return new TutelageError('student-input', message, hint);
  }
  const what = {
    cancelled: `the student engine was told to stop during ${op}`,
    'out-of-memory': `the student engine ran out of memory during ${op}: ${message}`,
    bug: `the student engine failed during ${op}: ${message}`,
  }[code];
  return new TutelageError('transient', what, hint ?? `its log is ${logFile}`);
}

/** The engine needs no key of a teacher or of a bucket. Bytecode is kept: compiling torch's modules anew doubles every start. */
function engineEnvironment({ workspace, card }: EngineOptions): NodeJS.ProcessEnv {
  const { PYTHONDONTWRITEBYTECODE: _, ...rest } = process.env;
  const kept = Object.entries(rest).filter(([name]) => !name.endsWith('_API_KEY') && !name.startsWith('AWS_'));
  const seen = card === null ? {} : { CUDA_VISIBLE_DEVICES: card };
  return { ...Object.fromEntries(kept), ...seen, TUTELAGE_HOME: workspace };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
