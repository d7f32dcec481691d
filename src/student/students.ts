import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import type { SharedJobs } from '../store/jobs/shared-jobs';
import { Gpus, visibleGpus } from './devices';
import { EnginePool } from './engine-pool';
import { type EngineLimits, EngineProcess, type Runtime } from './engine-process';
import type { EngineRequest } from './engine-protocol';
import { performJob, type RunOnEngine } from './perform-job';
import { RepeatedFailures } from './repeated-failures';
import { SharedWork } from './shared-work';
import { jobHash, type StudentJob, type StudentProgress, type StudentResult } from './student-job';

export interface RunJobOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: StudentProgress) => void;
}

export interface Students {
  /**
   * Does a job, or finds that it was done before. Callers of the same job share it; it is cancelled only when all of
   * them are.
   *
   * @throws the signal's reason; TutelageError `student-input` (not to be repeated) or `transient`.
   */
  run(job: StudentJob, options?: RunJobOptions): Promise<StudentResult>;
  /** Starts engines ahead of the first job. */
  warm(engines: number): void;
  /** Ends the engines; unfinished jobs resume from their last checkpoint when they are requested again. */
  close(): Promise<void>;
}

export interface StudentsOptions {
  readonly python: string;
  /** The interpreter that has vLLM, set up when a job first needs it. */
  readonly vllmPython?: () => Promise<string>;
  readonly engineDirectory: string;
  readonly jobsDirectory: string;
  readonly store: ArtifactStore;
  /** Where machines that share the store tell each other of their jobs. */
  readonly shared?: SharedJobs | null;
  /** How many engines may work at the same time. */
  readonly slots: number;
  readonly logDirectory: string;
  readonly limits?: Partial<EngineLimits>;
}

const LIMITS: EngineLimits = { stallMs: 300_000, cancelGraceMs: 10_000, terminateGraceMs: 5_000 };

export function createStudents(options: StudentsOptions): Students {
  const { store, jobsDirectory, engineDirectory } = options;
  const engineVersion = readEngineVersion(engineDirectory);
  const pythons: Record<Runtime, string | null> = { transformers: options.python, vllm: null };
  const pool = new EnginePool(options.slots, engineStarter(options, pythons));
  const work = new SharedWork<StudentResult, StudentProgress>();

  const failures = new RepeatedFailures();
  const vllmPython = options.vllmPython ?? (() => Promise.resolve(options.python));

  const runOnEngine: RunOnEngine = async (request, options) => {
    const runtime = runtimeOf(request);
    pythons[runtime] ??= await vllmPython();
    const engine = await pool.acquire(runtime, request.spec.model?.key, options.signal);
    try {
      return await failures.watch(request.id, () => engine.run(request, options));
    } finally {
      pool.release(engine);
    }
  };

  return {
    run: (job, caller = {}) => {
      const hash = jobHash(job, engineVersion);
      const location = { directory: join(jobsDirectory, hash), store, shared: options.shared ?? null };
      return work.run(
        hash,
        (signal, onProgress) => performJob({ job, hash, engineVersion, signal, onProgress }, location, runOnEngine),
        caller,
      );
    },
    warm: (count) => pool.warm(count),
    close: async () => {
      await pool.close();
      await work.settled();
    },
  };
}

/** Starts engines one after another, each with a log and, if there is one, a GPU. */
function engineStarter(
  options: StudentsOptions,
  pythons: Readonly<Record<Runtime, string | null>>,
): (runtime: Runtime) => EngineProcess {
  const { engineDirectory, jobsDirectory, logDirectory } = options;
  const limits = { ...LIMITS, ...options.limits };
  const gpus = new Gpus(visibleGpus());
  let engines = 0;
  return (runtime) => {
    engines += 1;
    const name = runtime === 'transformers' ? 'engine' : runtime;
    const logFile = join(logDirectory, `${name}-${process.pid}-${engines}.log`);
    const gpu = gpus.take();
    const engine = new EngineProcess({
      runtime,
      python: pythons[runtime] ?? options.python,
      engineDirectory,
      workspace: dirname(jobsDirectory),
      logFile,
      gpu,
      limits,
    });
    if (gpu !== null) {
      void engine.exited.then(() => gpus.free(gpu));
    }
    return engine;
  };
}

/** Jobs name their runtime among their parameters: it is part of what they are. */
const runtimeOf = ({ spec }: EngineRequest): Runtime => (spec.parameters.runtime === 'vllm' ? 'vllm' : 'transformers');

/** The engine's own number for "the same job gives the same bytes"; read without starting a Python. */
function readEngineVersion(engineDirectory: string): number {
  const file = join(engineDirectory, 'student_engine', '__init__.py');
  const version = /^ENGINE_VERSION = (\d+)$/m.exec(readFileSync(file, 'utf8'))?.[1];
  if (version === undefined) {
    throw new Error(`${file} does not say ENGINE_VERSION`);
  }
  return Number(version);
}
