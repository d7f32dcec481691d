import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { ArtifactRef } from '../core/artifact-ref';
import { partsOf, weightsToDrop } from '../core/kept-students';
import type { RunRecord } from '../core/run-record';
import { runRecordSchema } from '../core/run-record-schema';
import type { ArtifactStore, StoredFile } from './artifacts/artifact-store';
import { droppedStudents, noteDropped } from './dropped-students';
import { readJsonFile, type Workspace } from './workspace';

/** Finetuned students on disk that no run needs, with the runs that record them and let them go. */
export interface UnneededStudents {
  readonly bytes: number;
  remove(): Promise<void>;
}

/**
 * Students of deleted runs, and those that every run which records them lets go by its `student.keep`. What is found was
 * left by a kill, or was still recorded by a run that has been deleted since. Only to be called when every run has ended:
 * an open one has students that its record does not name yet.
 *
 * @throws TutelageError or ZodError for a record that cannot be read: what it needs is not known then
 */
export async function findUnneededStudents(workspace: Workspace, store: ArtifactStore): Promise<UnneededStudents> {
  const records = await allRecords(workspace);
  const finetuned = await finetunedModels(workspace.jobs, store);
  const needed = new Set<string>();
  const letGo: { readonly run: string; readonly hashes: ReadonlySet<string> }[] = [];
  for (const record of records) {
    const { run, prepared, iterations } = record;
    const hashes = new Set([
      ...(await droppedStudents(workspace, run)),
      ...weightsToDrop(record).map(({ sha256 }) => sha256),
    ]);
    letGo.push({ run, hashes });
    for (const { sha256 } of [prepared.base, ...iterations.map(({ student }) => student)].flatMap(partsOf)) {
      if (!hashes.has(sha256)) {
        needed.add(sha256);
      }
    }
  }
  const kept = [...finetuned.values()].filter(({ ref }) => needed.has(ref.sha256));
  const keptWeights = new Set(kept.flatMap(({ weights }) => weights.map(({ sha256 }) => sha256)));
  const unneeded = [...finetuned.values()].filter(
    ({ ref, weights }) => !needed.has(ref.sha256) && !weights.some(({ sha256 }) => keptWeights.has(sha256)),
  );
  const bytesOf = new Map(unneeded.flatMap(({ weights }) => weights.map(({ sha256, bytes }) => [sha256, bytes])));
  return {
    bytes: [...bytesOf.values()].reduce((sum, bytes) => sum + bytes, 0),
    remove: async () => {
      // First it is written that they are gone, so that a kill in between leaves files that nobody misses.
      for (const { run, hashes } of letGo) {
        await noteDropped(
          workspace,
          run,
          unneeded.map(({ ref }) => ref.sha256).filter((hash) => hashes.has(hash)),
        );
      }
      for (const { ref } of unneeded) {
        await store.removeDirectory(ref);
      }
    },
  };
}

async function allRecords({ root }: Workspace): Promise<RunRecord[]> {
  const runs = join(root, 'runs');
  const names = await readdir(runs, { recursive: true }).catch(() => []);
  const records: RunRecord[] = [];
  // A history folder has a `run.json` too.
  for (const name of names.filter((one) => one.endsWith(`${sep}run.json`) && !one.includes(`${sep}history${sep}`))) {
    records.push(runRecordSchema.parse(await readJsonFile(join(runs, name))));
  }
  return records;
}

interface StoredModel {
  readonly ref: ArtifactRef;
  /** Files that are the model's own. */
  readonly weights: readonly StoredFile[];
}

/** What finished jobs of this workspace have trained and the store still has, by hash. */
async function finetunedModels(jobs: string, store: ArtifactStore): Promise<Map<string, StoredModel>> {
  const found = new Map<string, StoredModel>();
  for (const hash of await readdir(jobs).catch(() => [])) {
    // A job that cannot be read is the audit's to report; what it made stays.
    const read = <T>(name: string) => readJsonFile<T>(join(jobs, hash, name)).catch(() => null);
    const spec = await read<{ op?: string }>('spec.json');
    const result = await read<{ outputs?: Record<string, ArtifactRef> }>('artifacts.json');
    for (const ref of spec?.op === 'finetune' ? Object.values(result?.outputs ?? {}) : []) {
      if (ref.kind === 'model' && (await store.has(ref))) {
        found.set(ref.sha256, { ref, weights: await store.weightsIn(ref) });
      }
    }
  }
  return found;
}
