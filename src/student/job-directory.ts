import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ArtifactRef } from '../core/artifact-ref';
import { canonicalJson } from '../core/canonical-json';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import type { JobRecordFiles, SharedJobs } from '../store/jobs/shared-jobs';
import { readJsonFile, writeFileAtomically } from '../store/workspace';
import { outputKind, type StudentResult } from './student-job';

/** Files kept from a finished job: its specification, its result, and the locks that others may be waiting for. */
const KEPT = new Set(['spec.json', 'artifacts.json', 'lock', 'run.lock']);

/** Where a job is done, and who may have done it elsewhere. Its directory is named by its hash. */
export interface JobLocation {
  readonly directory: string;
  readonly store: ArtifactStore;
  readonly shared: SharedJobs | null;
}

/** The job's result, when it is finished here and all that it made is still in the store. */
export async function finishedResult({ directory, store }: JobLocation): Promise<StudentResult | null> {
  const own = await readJsonFile<StudentResult>(join(directory, 'artifacts.json'));
  return own === null || !(await isWhole(own, store)) ? null : resultOf(own);
}

/** The same for a job that another machine finished. Partial work here is removed: the caller holds the job's lock. */
export async function adoptResult({ directory, store, shared }: JobLocation): Promise<StudentResult | null> {
  const files = (await shared?.read(basename(directory))) ?? null;
  const result = files && (JSON.parse(files.artifacts) as StudentResult);
  if (files === null || result === null || !(await isWhole(result, store))) {
    return null;
  }
  await writeFileAtomically(join(directory, 'spec.json'), files.spec);
  await writeFileAtomically(join(directory, 'artifacts.json'), files.artifacts);
  await clearDirectory(directory);
  return resultOf(result);
}

const resultOf = ({ metrics, outputs }: StudentResult): StudentResult => ({ metrics, outputs });

async function isWhole({ outputs }: StudentResult, store: ArtifactStore): Promise<boolean> {
  for (const ref of Object.values(outputs)) {
    if (!(await store.has(ref))) {
      return false;
    }
  }
  return true;
}

/**
 * Brings the engine's outputs into the store, then writes `artifacts.json`: from then on the job is finished. The heavy
 * files go last, so a kill in between costs space and no work.
 */
export async function finishJob(
  { directory, store, shared }: JobLocation,
  raw: { metrics: Readonly<Record<string, unknown>>; outputs: Readonly<Record<string, string>> },
): Promise<StudentResult> {
  const outputs: Record<string, ArtifactRef> = {};
  for (const [name, path] of Object.entries(raw.outputs)) {
    outputs[name] = await putOutput(store, name, join(directory, path));
  }
  const result: StudentResult = { metrics: raw.metrics, outputs };
  // The hash serves audits: it distinguishes a record that was changed later from one that was written that way.
  const sealed = { ...result, sha256: sha256(canonicalJson(result)) };
  const own = `${JSON.stringify(sealed, null, 2)}\n`;
  const standing = shared === null ? own : await publish({ directory, store, shared }, own);
  await writeFileAtomically(join(directory, 'artifacts.json'), standing);
  await clearDirectory(directory);
  return resultOf(JSON.parse(standing) as StudentResult);
}

async function clearDirectory(directory: string): Promise<void> {
  for (const entry of await readdir(directory)) {
    if (!KEPT.has(entry)) {
      await rm(join(directory, entry), { recursive: true, force: true });
    }
  }
}

/**
 * If two machines did the same job, the first result counts for all: two kinds of GPU may give two models.
 *
 * @returns the record that counts
 */
async function publish(
  { directory, store, shared }: JobLocation & { readonly shared: SharedJobs },
  artifacts: string,
): Promise<string> {
  const hash = basename(directory);
  const own: JobRecordFiles = { spec: await readFile(join(directory, 'spec.json'), 'utf8'), artifacts };
  const isFirst = await shared.put(hash, own, { replace: false });
  await shared.checkpoints.drop(hash);
  if (isFirst) {
    return artifacts;
  }
  const standing = await shared.read(hash);
  if (standing !== null && (await isWhole(JSON.parse(standing.artifacts) as StudentResult, store))) {
    return standing.artifacts;
  }
  await shared.put(hash, own, { replace: true });
  return artifacts;
}

async function putOutput(store: ArtifactStore, name: string, path: string): Promise<ArtifactRef> {
  if ((await stat(path)).isDirectory()) {
    return store.putDirectory(outputKind(name), path);
  }
  return store.putFile(outputKind(name), path, path.endsWith('.jsonl') ? { rows: await countLines(path) } : {});
}

async function countLines(path: string): Promise<number> {
  const newline = 10;
  let lines = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) {
      lines += 1;
    }
  }
  return lines;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
