import { join } from 'node:path';
import { canonicalJson } from '../core/canonical-json';
import { mapWithWindow } from '../core/window';
import { withExclusiveLock } from '../processes/exclusive-lock';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import { writeFileAtomically } from '../store/workspace';
import { checkpointSender } from './checkpoint-sender';
import type { EngineEvent, EngineRequest, EngineResult } from './engine-protocol';
import { adoptResult, finishedResult, finishJob, type JobLocation } from './job-directory';
import { jobIdentity, modelKey, type StudentJob, type StudentProgress, type StudentResult } from './student-job';

/** A pool of millions has hundreds of parts; a few at a time fill any network. */
const INPUTS_AT_ONCE = 4;

export interface JobToPerform {
  readonly job: StudentJob;
  readonly hash: string;
  readonly engineVersion: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StudentProgress) => void;
}

export type RunOnEngine = (
  request: EngineRequest,
  options: { signal: AbortSignal; onEvent: (event: EngineEvent) => void; stallMs?: number | undefined },
) => Promise<EngineResult>;

/** Does a job in its directory, or finds that it was done before, here or on another machine. */
export async function performJob(todo: JobToPerform, location: JobLocation, runOnEngine: RunOnEngine) {
  const finished = await finishedResult(location);
  if (finished !== null) {
    return finished;
  }
  const work = async (): Promise<StudentResult> => {
    // Another process may have finished it while this one waited, or another machine at any time.
    const meanwhile = (await finishedResult(location)) ?? (await adoptResult(location));
    if (meanwhile !== null) {
      return meanwhile;
    }
    const identity = JSON.stringify(JSON.parse(canonicalJson(jobIdentity(todo.job, todo.engineVersion))), null, 2);
    await writeFileAtomically(join(location.directory, 'spec.json'), `${identity}\n`);
    const request = await requestFor(todo, location);
    const letGo = location.store.keepInUse(pathsOf(request));
    try {
      const raw = await runWithCheckpoints(todo, location, (onEvent) =>
        runOnEngine(request, { signal: todo.signal, onEvent, stallMs: stallMsOf(todo.job) }),
      );
      return await finishJob(location, raw);
    } finally {
      letGo();
    }
  };
  return withExclusiveLock(join(location.directory, 'lock'), work, { signal: todo.signal });
}

/** Resumes from where another machine left the job, and lets others resume from here. */
async function runWithCheckpoints(
  { hash, onProgress }: JobToPerform,
  { directory, shared }: JobLocation,
  run: (onEvent: (event: EngineEvent) => void) => Promise<EngineResult>,
): Promise<EngineResult> {
  let latest: StudentProgress = { done: 0, total: 1, unit: 'steps' };
  const note = (text: string) => onProgress({ ...latest, note: text });
  const brought = (await shared?.checkpoints.bring(hash, directory)) ?? null;
  if (brought !== null) {
    note(`another machine left off at step ${brought}`);
  }
  const sender =
    shared &&
    checkpointSender({
      checkpoints: shared.checkpoints,
      hash,
      directory,
      onFailure: (step, error) => note(`the checkpoint of step ${step} stays on this machine: ${error.message}`),
    });
  try {
    const result = await run((event) => {
      if (event.event === 'checkpoint') {
        sender?.saved(event.step);
      } else if (event.event === 'progress') {
        const { done, total, unit, note: said } = event;
        latest = { done, total, unit };
        onProgress({ ...latest, ...(said === undefined ? {} : { note: said }) });
      }
    });
    await sender?.close('finished');
    return result;
  } catch (error) {
    await sender?.close('stopped');
    throw error;
  }
}

const stallMsOf = ({ stallSeconds }: StudentJob) => (stallSeconds === undefined ? undefined : stallSeconds * 1000);

async function requestFor({ job, hash }: JobToPerform, { directory, store }: JobLocation): Promise<EngineRequest> {
  const { op, parameters, threads } = job;
  const inputs: Record<string, string[]> = {};
  for (const [name, refs] of Object.entries(job.inputs)) {
    inputs[name] = await mapWithWindow(refs, INPUTS_AT_ONCE, (ref) => store.pathOf(ref));
  }
  return {
    id: hash,
    op,
    dir: directory,
    spec: { op, model: await modelFor(job, store), inputs, parameters, threads },
  };
}

const modelFor = async (
  { model, settings }: StudentJob,
  store: ArtifactStore,
): Promise<EngineRequest['spec']['model']> =>
  model && {
    base: await store.checkout(model.base),
    adapter: model.adapter === undefined ? null : await store.checkout(model.adapter),
    key: modelKey(model),
    ...(settings === undefined ? {} : { settings }),
  };

function pathsOf({ spec: { model, inputs } }: EngineRequest): string[] {
  return [...Object.values(inputs).flat(), model?.base ?? '', model?.adapter ?? ''].filter((path) => path !== '');
}
