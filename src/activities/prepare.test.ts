import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { fakeConfig } from '../../test/support/empty-steps';
import type { ArtifactRef } from '../core/artifact-ref';
import type { PreparedRun } from '../core/run-record';
import { hashFolder } from '../store/artifacts/whole-files';
import { openWorkspace } from '../store/workspace';
import type { StudentJob, Students } from '../student';
import type { Dependencies } from './dependencies';
import { createPrepare } from './prepare';

const table: ArtifactRef = { sha256: 'a'.repeat(64), kind: 'pool', bytes: 1 };

/** What the engine is asked for, for a base in a folder with this content. */
async function importOf(base: string, metrics: object = {}) {
  const workspace = await openWorkspace(await mkdtemp(join(tmpdir(), 'tutelage-prepare-')));
  const jobs: StudentJob[] = [];
  const students = {
    run: async (job: StudentJob) => {
      jobs.push(job);
      return { metrics, outputs: { model: table } };
    },
  } as unknown as Students;
  const prepare = createPrepare({ workspace, students, store: {} } as unknown as Dependencies);
  const config = fakeConfig(`student: {base: "${base}"}`);
  const baseContent = await hashFolder(base);
  const input = { run: 'demo', config, pool: table, tests: {}, ...(baseContent === null ? {} : { baseContent }) };
  const environment = new MockActivityEnvironment({ activityType: 'prepare' });
  const prepared: PreparedRun = await environment.run((): Promise<PreparedRun> => prepare(input));
  return { job: jobs[0], prepared };
}

test('another content of the same folder is another job, the same content the same one', async () => {
  const base = join(await mkdtemp(join(tmpdir(), 'tutelage-model-')), 'mine');
  await mkdir(base);
  await writeFile(join(base, 'config.json'), '{}');
  const holding = async (weights: string) => {
    await writeFile(join(base, 'model.safetensors'), weights);
    return (await importOf(base)).job;
  };
  const first = await holding('one');
  expect(first?.op).toBe('import');
  expect(await holding('two')).not.toEqual(first);
  expect(await holding('one')).toEqual(first);
});

test('the commit that a model of the hub was taken from is kept with the run', async () => {
  const { prepared } = await importOf('owner/model', { revision: '0123abc' });
  expect(prepared.baseRevision).toBe('0123abc');
  expect((await importOf('owner/model')).prepared).not.toHaveProperty('baseRevision');
});
