import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactRef } from '../core/artifact-ref';
import type { ArtifactStore } from './artifacts/artifact-store';
import { readJsonFile, type Workspace, writeFileAtomically } from './workspace';

/** Beside a run's record: the students that `student.keep` let go. */
const FILE = 'dropped-students.json';

/** Hashes of the weights that a run let go; a fork, an export and an audit cannot read them. */
export async function droppedStudents(workspace: Workspace, run: string): Promise<ReadonlySet<string>> {
  return new Set(await readJsonFile<string[]>(join(workspace.runDirectory(run), FILE)));
}

/**
 * Removes the weights of students, except those that another run of the workspace records. First it is written that they
 * are gone, so a kill in between leaves files that nobody misses.
 */
export async function dropStudents(
  workspace: Workspace,
  store: ArtifactStore,
  { run, weights }: { run: string; weights: readonly ArtifactRef[] },
): Promise<void> {
  const gone = await droppedStudents(workspace, run);
  const candidates = weights.filter(({ sha256 }) => !gone.has(sha256));
  if (candidates.length === 0) {
    return;
  }
  const elsewhere = await otherRecords(workspace, run);
  const dropped = candidates.filter(({ sha256 }) => !elsewhere.some((text) => text.includes(sha256)));
  await noteDropped(
    workspace,
    run,
    dropped.map(({ sha256 }) => sha256),
  );
  for (const ref of dropped) {
    await store.removeDirectory(ref);
  }
}

/** Adds to the students that a run let go. */
export async function noteDropped(workspace: Workspace, run: string, hashes: readonly string[]): Promise<void> {
  const known = await droppedStudents(workspace, run);
  const all = [...new Set([...known, ...hashes])];
  if (all.length > known.size) {
    await writeFileAtomically(join(workspace.runDirectory(run), FILE), `${JSON.stringify(all, null, 2)}\n`);
  }
}

/** The texts of the other runs' records. */
async function otherRecords(workspace: Workspace, run: string): Promise<string[]> {
  const root = join(workspace.root, 'runs');
  const own = join(workspace.runDirectory(run), 'run.json');
  const names = await readdir(root, { recursive: true }).catch(() => []);
  const paths = names.filter((name) => name.endsWith('run.json')).map((name) => join(root, name));
  return Promise.all(paths.filter((path) => path !== own).map((path) => readFile(path, 'utf8').catch(() => '')));
}
