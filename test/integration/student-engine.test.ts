import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TutelageError } from '../../src/core/errors';
import { openArtifactStore } from '../../src/store/artifacts/artifact-store';
import { createStudents, type StudentJob } from '../../src/student';
import { expectNothingLeftOf, killTree, processesOf, until } from '../support/processes';

const python = process.env.TUTELAGE_PYTHON || join(homedir(), '.cache/tutelage/dev-python/bin/python');
const alphabet = '0123456789+-=*';
jest.setTimeout(120_000);

let workspace: string;
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'tutelage-engine-'));
});
afterEach(async () => {
  await expectNothingLeftOf(workspace);
  rmSync(workspace, { recursive: true });
});

function open() {
  const store = openArtifactStore(join(workspace, 'artifacts'), join(workspace, 'checkouts'));
  const students = createStudents({
    python,
    engineDirectory: join(__dirname, '..', '..', 'engine'),
    jobsDirectory: join(workspace, 'jobs'),
    logDirectory: join(workspace, 'logs'),
    store,
    slots: 1,
  });
  return { store, students };
}

const initTiny: StudentJob = {
  op: 'init-tiny',
  model: null,
  inputs: {},
  parameters: { alphabet, seed: 1 },
  threads: 1,
};

it('the real engine builds a student that answers, dies and is replaced, and repeats nothing', async () => {
  const { store, students } = open();
  try {
    const { outputs } = await students.run(initTiny);
    const prompts = await store.putRecords('prompts', [
      { id: 'a', prompt: '1+1=' },
      { id: 'b', prompt: '2*3=' },
    ]);
    const predict = (maxNewTokens: number): StudentJob => ({
      op: 'predict',
      model: { base: outputs.model as never },
      inputs: { prompts: [prompts] },
      parameters: { maxNewTokens },
      threads: 1,
    });
    const first = await students.run(predict(4));
    expect(first.outputs.predictions).toMatchObject({ kind: 'predictions', rows: 2 });
    expect(await store.readRecords(first.outputs.predictions as never)).toMatchObject([{ id: 'a' }, { id: 'b' }]);
    await expect(students.run({ ...predict(4), op: 'nonsense' })).rejects.toMatchObject({ kind: 'student-input' });

    for (const { pid } of processesOf(workspace)) {
      killTree(pid);
    }
    await until(() => processesOf(workspace).length === 0);
    expect(await students.run(predict(4))).toEqual(first);
    expect(processesOf(workspace)).toEqual([]);
    // The death may not have been noticed yet; then the job fails, to be repeated.
    const second = await students.run(predict(3)).catch((error: TutelageError) => {
      expect(error.isRetryable).toBe(true);
      return students.run(predict(3));
    });
    expect(second.outputs.predictions).toMatchObject({ rows: 2 });
  } finally {
    await students.close();
  }
  expect(processesOf(workspace)).toEqual([]);
});
