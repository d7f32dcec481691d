import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { TutelageError } from '../core/errors';
import { childEnvironment } from '../processes/child-environment';
import {
  type EngineEvent,
  type EngineFailureEvent,
  type EngineRequest,
  type EngineResult,
  engineEvent,
} from './engine-protocol';
import { EngineFailure } from './repeated-failures';

/** What generates and trains: each is a process of its own kind, with a Python environment of its own. */
export type Runtime = 'transformers' | 'vllm';

export interface EngineOptions {
  readonly runtime: Runtime;
  readonly python: string;
  readonly engineDirectory: string;
  /** The workspace; in the engine's environment, so that it can be identified in the process table. */
  readonly workspace: string;
  readonly logFile: string;
  /** The one GPU that it may see; `null` if there is none, or if the engine chooses. */
  readonly gpu: string | null;
  readonly limits: EngineLimits;
}

export interface EngineLimits {
  /** An engine that is working and writes nothing for this long is considered hung, and is killed. */
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
  private stallMs = 0;
  private isDoubtful = false;

  constructor(private readonly options: EngineOptions) {
    mkdirSync(dirname(options.logFile), { recursive: true });
    const log = openSync(options.logFile, 'a');
    this.logStart = statSync(options.logFile).size;
    this.child = spawn(options.python, ['-u', join(options.engineDirectory, 'serve.py'), options.runtime], {
      detached: true,
      stdio: ['pipe', 'pipe', log],
      env: engineEnvironment(options),
    });
    closeSync(log);
    // A write to an engine that has just died fails; its exit is reported.
    this.stdin.on('error', () => {});
    createInterface({ input: this.child.stdout as Readable }).on('line', (line) => this.hear(line));
    this.exited = new Promise((resolve) => {
      this.child.once('error', (error) => {
        this.ended(`could not be started: ${error.message}`);
        resolve();
      });
      this.child.once('close', (code, signal) => {
        // One that could not be started closes too.
        if (this.ending === undefined) {
          this.ended(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`);
        }
        resolve();
      });
    });
  }

  get runtime(): Runtime {
    return this.options.runtime;
  }

  get isUsable(): boolean {
    return this.ending === undefined && !this.stalled && !this.isDoubtful;
  }

  /**
   * Does one job. Cancelling asks the engine to stop at its next step, then terminates, then kills its group; the promise
   * settles only when the engine has stopped working on the job.
   *
   * @throws the signal's reason; TutelageError `student-input`; EngineFailure where it failed or hung; `transient` where it died.
   */
  async run(
    request: EngineRequest,
    options: { signal: AbortSignal; onEvent: (event: EngineEvent) => void; stallMs?: number | undefined },
  ): Promise<EngineResult> {
    const { signal, onEvent } = options;
    this.stallMs = options.stallMs ?? this.options.limits.stallMs;
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
      // Running out of memory, or a bug, may leave the process in a state that breaks the next job.
      this.isDoubtful = event.code === 'out-of-memory' || event.code === 'bug';
      job.reject(failureOf(event, job.request.op, this.options.logFile));
    } else {
      job.onEvent(event);
    }
  }

  private ended(how: string): void {
    this.ending = how;
    const what = this.stalled ? `said nothing for ${this.stallMs / 1000} s and was killed` : how;
    const message = `the student engine ${what} during ${this.job?.request.op}${this.lastWords()}`;
    const hint = `its log is ${this.options.logFile}`;
    // A death may have any cause; silence is caused by the job, and may happen again.
    this.job?.reject(this.stalled ? new EngineFailure(message, hint) : new TutelageError('transient', message, hint));
  }

  private watchForStall(): void {
    clearTimeout(this.stallTimer);
    this.stallTimer = setTimeout(() => {
      this.stalled = true;
      this.signalGroup('SIGKILL');
    }, this.stallMs);
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

  /** The last lines that this process wrote into the log; none if somebody has removed it. */
  private lastWords(): string {
    if (!existsSync(this.options.logFile)) {
      return '';
    }
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

function failureOf({ code, message, hint }: EngineFailureEvent, op: string, logFile: string): TutelageError {
  if (code === 'input') {
    return new TutelageError('student-input', message, hint);
  }
  const what = {
    cancelled: `the student engine was told to stop during ${op}`,
    'out-of-memory': `the student engine ran out of memory during ${op}: ${message}`,
    bug: `the student engine failed during ${op}: ${message}`,
  }[code];
  const where = hint ?? `its log is ${logFile}`;
  return code === 'cancelled' ? new TutelageError('transient', what, where) : new EngineFailure(what, where);
}

/** Bytecode is kept: compiling torch's modules anew doubles every start. */
function engineEnvironment({ workspace, gpu }: EngineOptions): NodeJS.ProcessEnv {
  const { PYTHONDONTWRITEBYTECODE: _, ...rest } = childEnvironment('engine');
  const seen = gpu === null ? {} : { CUDA_VISIBLE_DEVICES: gpu };
  return { ...rest, ...seen, TUTELAGE_HOME: workspace };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
