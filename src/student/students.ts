import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { canonicalJson } from '../core/canonical-json';
import { withExclusiveLock } from '../processes/exclusive-lock';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import { writeFileAtomically } from '../store/workspace';
import { Cards, visibleCards } from './devices';
import { EnginePool } from './engine-pool';
import { type EngineLimits, EngineProcess } from './engine-process';
import type { EngineRequest } from './engine-protocol';
import { finishedResult, finishJob } from './job-directory';
import { SharedWork } from './shared-work';
import {
  jobHash,
  jobIdentity,
  modelKey,
  type StudentJob,
  type StudentProgress,
  type StudentResult,
} from './student-job';

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
  const shared = new SharedWork<StudentResult, StudentProgress>();

  async function perform(
    job: StudentJob,
    hash: string,
    signal: AbortSignal,
    onProgress: (progress: StudentProgress) => void,
  ): Promise<StudentResult> {
    const directory = join(jobsDirectory, hash);
    const finished = await finishedResult(directory, store);
    if (finished !== null) {
      return finished;
    }
    const work = async () => {
      // Another process may have finished it while this one waited.
      const meanwhile = await finishedResult(directory, store);
      if (meanwhile !== null) {
        return meanwhile;
      }
      const identity = JSON.stringify(JSON.parse(canonicalJson(jobIdentity(job, engineVersion))), null, 2);
      await writeFileAtomically(join(directory, 'spec.json'), `${identity}\n`);
      const raw = await runOnEngine(await requestFor(job, hash, directory), signal, onProgress);
      return finishJob(directory, store, raw);
    };
    return withExclusiveLock(join(directory, 'lock'), work, { signal });
  }

  async function runOnEngine(
    request: EngineRequest,
    signal: AbortSignal,
    onProgress: (progress: StudentProgress) => void,
  ) {
    const engine = await pool.acquire(request.spec.model?.key, signal);
    try {
      return await engine.run(request, {
        signal,
        onEvent: (event) => {
          if (event.event === 'progress') {
            const { done, total, unit, note } = event;
            onProgress({ done, total, unit, ...(note === undefined ? {} : { note }) });
          }
        },
      });
    } finally {
      pool.release(engine);
    }
  }

  async function requestFor(job: StudentJob, hash: string, directory: string): Promise<EngineRequest> {
    const { op, model, parameters, threads } = job;
    const inputs: Record<string, string[]> = {};
    for (const [name, refs] of Object.entries(job.inputs)) {
      inputs[name] = await Promise.all(refs.map((ref) => store.pathOf(ref)));
    }
    const modelPaths = model && {
      base: await store.checkout(model.base),
      adapter: model.adapter === undefined ? null : await store.checkout(model.adapter),
      key: modelKey(model),
    };
    return { id: hash, op, dir: directory, spec: { op, model: modelPaths, inputs, parameters, threads } };
  }

  return {
    run: (job, caller = {}) => {
      const hash = jobHash(job, engineVersion);
      return shared.run(hash, (signal, onProgress) => perform(job, hash, signal, onProgress), caller);
    },
    warm: (count) => pool.warm(count),
    close: async () => {
      await pool.close();
      await shared.settled();
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
