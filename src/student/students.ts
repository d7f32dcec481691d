import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import type { SharedJobs } from '../store/jobs/shared-jobs';
import { Cards, visibleCards } from './devices';
import { EnginePool } from './engine-pool';
import { type EngineLimits, EngineProcess } from './engine-process';
import { performJob, type RunOnEngine } from './perform-job';
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
  /** Ends the engines; unfinished jobs go on from their last checkpoint when they are asked for again. */
  close(): Promise<void>;
}

export interface StudentsOptions {
  readonly python: string;
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
  const pool = new EnginePool(options.slots, engineStarter(options));
  const work = new SharedWork<StudentResult, StudentProgress>();

  const runOnEngine: RunOnEngine = async (request, { signal, onEvent }) => {
    const engine = await pool.acquire(request.spec.model?.key, signal);
    try {
      return await engine.run(request, { signal, onEvent });
    } finally {
      pool.release(engine);
    }
  };

  return {
    run: (job, caller = {}) => {
      const hash = jobHash(job, engineVersion);
      const place = { directory: join(jobsDirectory, hash), store, shared: options.shared ?? null };
      return work.run(
        hash,
        (signal, onProgress) => performJob({ job, hash, engineVersion, signal, onProgress }, place, runOnEngine),
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

/** Starts engines one after another, each with a log and, as long as there are some, a card of its own. */
function engineStarter(options: StudentsOptions): () => EngineProcess {
  const { python, engineDirectory, jobsDirectory, logDirectory } = options;
  const limits = { ...LIMITS, ...options.limits };
  const cards = new Cards(visibleCards());
  let engines = 0;
  return () => {
    engines += 1;
    const logFile = join(logDirectory, `engine-${process.pid}-${engines}.log`);
    const card = cards.take();
    const engine = new EngineProcess({
      python,
      engineDirectory,
      workspace: dirname(jobsDirectory),
      logFile,
      card,
      limits,
    });
    if (card !== null) {
      void engine.exited.then(() => cards.free(card));
    }
    return engine;
  };
}

/** The engine's own number for "the same job gives the same bytes"; read without starting a Python. */
function readEngineVersion(engineDirectory: string): number {
  const file = join(engineDirectory, 'student_engine', '__init__.py');
  const version = /^ENGINE_VERSION = (\d+)$/m.exec(readFileSync(file, 'utf8'))?.[1];
  if (version === undefined) {
    throw new Error(`${file} does not say ENGINE_VERSION`);
  }
  return Number(version);
}
