import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { RunRecord } from '../core/run-record';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import { writeFileAtomically } from '../store/workspace';
import type { StudentFolder } from './dataset-card';
import { studentCard } from './student-card';

export interface ExportedStudent {
  readonly name: StudentFolder;
  readonly ref: ArtifactRef;
}

/** The folder of an adapter's base, from the adapter's own folder. */
const BASE_BESIDE = '../student-base';

/**
 * Writes each model into a folder of its own, with a README.md; the base keeps the one that it came with. An adapter names its
 * base, so that peft finds it: the hub's id where the base is a model of the hub as it is, else the folder beside it.
 */
export async function exportStudents(
  store: ArtifactStore,
  { record, students, to }: { record: RunRecord; students: readonly ExportedStudent[]; to: string },
): Promise<void> {
  if (students.length === 0) {
    return;
  }
  const license = await licenseOf(await store.checkout(record.prepared.base.base));
  for (const { name, ref } of students) {
    const folder = join(to, name);
    await copyFolder(await store.checkout(ref), folder);
    if (name === 'student-adapter') {
      await nameBase(folder, record);
    }
    if (name !== 'student-base') {
      const own = await readFile(join(folder, 'README.md'), 'utf8').catch(() => '');
      await writeFileAtomically(join(folder, 'README.md'), studentCard({ record, name, license, own }));
    }
  }
}

/** The model of the hub that the adapter's base is, byte for byte; `null` for any other. */
export function hubBaseOf({ config, prepared }: RunRecord): { readonly id: string; readonly revision?: string } | null {
  const { base } = config.student;
  // Where the branch stood when it was taken, it may have moved since.
  const revision = prepared.baseRevision ?? config.student.revision;
  const isOfHub = base !== 'tiny' && !isAbsolute(base) && prepared.baseRows === null;
  return isOfHub ? { id: base, ...(revision === undefined ? {} : { revision }) } : null;
}

async function nameBase(folder: string, record: RunRecord): Promise<void> {
  const path = join(folder, 'adapter_config.json');
  const config: object = JSON.parse(await readFile(path, 'utf8'));
  const hub = hubBaseOf(record);
  const named = { base_model_name_or_path: hub?.id ?? BASE_BESIDE, revision: hub?.revision ?? null };
  await writeFileAtomically(path, `${JSON.stringify({ ...config, ...named }, null, 2)}\n`);
}

/** As the README.md of the base says it in its head; `null` where it does not. */
async function licenseOf(folder: string): Promise<string | null> {
  const card = await readFile(join(folder, 'README.md'), 'utf8').catch(() => '');
  const [, head = ''] = card.startsWith('---\n') ? card.split(/^---$/m) : [];
  const line = head.split('\n').find((one) => one.startsWith('license:'));
  return line?.slice('license:'.length).trim() || null;
}

/** Of the student's own weights, or of its adapter and base; and of both merged into one model. */
export async function studentsOf(
  store: ArtifactStore,
  record: RunRecord,
  {
    student,
    merge,
  }: { student: boolean; merge: ((store: ArtifactStore, student: ModelRef) => Promise<ArtifactRef>) | null },
): Promise<ExportedStudent[]> {
  const last = record.iterations.at(-1)?.student ?? record.prepared.base;
  const { base, adapter } = last;
  const parts: ExportedStudent[] =
    adapter === undefined
      ? [{ name: 'student', ref: base }]
      : [
          { name: 'student-base', ref: base },
          { name: 'student-adapter', ref: adapter },
        ];
  return [
    ...(student ? parts : []),
    ...(merge === null ? [] : [{ name: 'student-merged' as const, ref: await merge(store, last) }]),
  ];
}

/** Copies, never links: exported files may be edited, stored ones may not. */
async function copyFolder(from: string, to: string): Promise<void> {
  const entries = await readdir(from, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile())) {
    const folder = join(to, entry.parentPath.slice(from.length));
    await mkdir(folder, { recursive: true });
    await copyFile(join(entry.parentPath, entry.name), join(folder, entry.name));
  }
}
