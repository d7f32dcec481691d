import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactRef } from '../core/artifact-ref';
import { canonicalJson } from '../core/canonical-json';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import { readJsonFile, writeFileAtomically } from '../store/workspace';
import { outputKind, type StudentResult } from './student-job';

/** What stays of a finished job: what it was, what came out, and the locks, which others may be waiting at. */
const KEPT = new Set(['spec.json', 'artifacts.json', 'lock', 'run.lock']);

/** The job's result, when it is finished and all that it made is still in the store. */
export async function finishedResult(directory: string, store: ArtifactStore): Promise<StudentResult | null> {
  const result = await readJsonFile<StudentResult>(join(directory, 'artifacts.json'));
  if (result === null) {
    return null;
  }
  for (const ref of Object.values(result.outputs)) {
    if (!(await store.has(ref))) {
      return null;
    }
  }
  return { metrics: result.metrics, outputs: result.outputs };
}

/**
 * Brings the engine's outputs into the store, then writes `artifacts.json`: from then on the job is finished. The heavy
 * files go last, so a kill in between costs space and no work.
 */
export async function finishJob(
  directory: string,
  store: ArtifactStore,
  raw: { metrics: Readonly<Record<string, unknown>>; outputs: Readonly<Record<string, string>> },
): Promise<StudentResult> {
  const outputs: Record<string, ArtifactRef> = {};
  for (const [name, path] of Object.entries(raw.outputs)) {
    outputs[name] = await putOutput(store, name, join(directory, path));
  }
  const result: StudentResult = { metrics: raw.metrics, outputs };
  // The hash serves audits: a record that was changed later is told from one that was written so.
  const sealed = { ...result, sha256: sha256(canonicalJson(result)) };
  await writeFileAtomically(join(directory, 'artifacts.json'), `${JSON.stringify(sealed, null, 2)}\n`);
  for (const entry of await readdir(directory)) {
    if (!KEPT.has(entry)) {
      await rm(join(directory, entry), { recursive: true, force: true });
    }
  }
  return result;
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
