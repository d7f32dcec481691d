import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoRecord } from '../../test/support/run-records';
import type { ArtifactRef } from '../core/artifact-ref';
import { openArtifactStore } from './artifacts/artifact-store';
import { droppedStudents } from './dropped-students';
import { findUnneededStudents } from './unneeded-students';
import { type Workspace, workspaceAt, writeFileAtomically } from './workspace';

let workspace: Workspace;
beforeEach(() => {
  workspace = workspaceAt(mkdtempSync(join(tmpdir(), 'tutelage-unneeded-')));
});
afterEach(() => rmSync(workspace.root, { recursive: true }));

const storeOf = () => openArtifactStore(workspace.artifacts, workspace.checkouts);

/** A student as a finished job leaves it. */
async function trained(weights: string, op = 'finetune'): Promise<ArtifactRef> {
  const folder = join(workspace.root, 'made', weights);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.safetensors'), weights);
  writeFileSync(join(folder, 'tokenizer.json'), `{"of": "${weights}"}`);
  const model = await storeOf().putDirectory('model', folder);
  await writeFileAtomically(join(workspace.jobs, model.sha256, 'spec.json'), JSON.stringify({ op }));
  await writeFileAtomically(
    join(workspace.jobs, model.sha256, 'artifacts.json'),
    JSON.stringify({ metrics: {}, outputs: { model } }),
  );
  return model;
}

/** A run that has ended, with these students after its iterations. */
async function ended(run: string, keep: 'all' | 'last', base: ArtifactRef, students: readonly ArtifactRef[]) {
  const { config, prepared, iterations, ...record } = demoRecord('loss', 1);
  const text = JSON.stringify({
    ...record,
    run,
    config: { ...config, student: { ...config.student, keep } },
    prepared: { ...prepared, base: { base } },
    iterations: students.map((student, index) => ({ ...iterations[index], student: { base: student } })),
  });
  await writeFileAtomically(join(workspace.runDirectory(run), 'run.json'), text);
}

async function prune(): Promise<number> {
  const found = await findUnneededStudents(workspace, storeOf());
  await found.remove();
  return found.bytes;
}

it('students of a deleted run go, and those that a run records stay', async () => {
  const [base, kept] = [await trained('base'), await trained('kept')];
  const deleted = await trained('of a deleted run');
  const started = await trained('before any training', 'init-tiny');
  await ended('demo', 'all', base, [kept]);
  expect(await prune()).toBe('of a deleted run'.length);
  const has = await Promise.all([base, kept, started, deleted].map((ref) => storeOf().has(ref)));
  expect(has).toEqual([true, true, true, false]);
  expect([...(await droppedStudents(workspace, 'demo'))]).toEqual([]);
  expect(await prune()).toBe(0);
});

it('what every run lets go by student.keep goes, and each run notes it', async () => {
  const [base, first, last] = [await trained('base'), await trained('first'), await trained('last')];
  await ended('one', 'last', base, [first, last]);
  await ended('two', 'last', base, [first, last]);
  expect(await prune()).toBe('first'.length);
  expect(await storeOf().has(first)).toBe(false);
  for (const run of ['one', 'two']) {
    expect([...(await droppedStudents(workspace, run))]).toEqual([first.sha256]);
  }
});

it('what one run lets go and another keeps stays', async () => {
  const [base, first, last] = [await trained('base'), await trained('first'), await trained('last')];
  await ended('one', 'last', base, [first, last]);
  await ended('two', 'all', base, [first, last]);
  expect(await prune()).toBe(0);
  expect(await storeOf().has(first)).toBe(true);
});

it('a record that cannot be read keeps everything: what it needs is not known', async () => {
  const student = await trained('student');
  await writeFileAtomically(join(workspace.runDirectory('cut'), 'run.json'), '{"run": "cut", "ite');
  await expect(prune()).rejects.toThrow();
  expect(await storeOf().has(student)).toBe(true);
});
