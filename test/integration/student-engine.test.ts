import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportStudents, studentsOf } from '../../src/analysis/export-student';
import type { TutelageError } from '../../src/core/errors';
import type { RunRecord } from '../../src/core/run-record';
import { openArtifactStore } from '../../src/store/artifacts/artifact-store';
import { createStudents, type StudentJob } from '../../src/student';
import { enginePython } from '../support/paths';
import { expectNothingLeftOf, killTree, processesOf, until } from '../support/processes';

const python = enginePython();
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

const tally = { correct: 3, wellFormed: 4, answered: 4, total: 4 };

it('an exported adapter names its base, and the lines of each card load what is beside them', async () => {
  const { store, students } = open();
  const to = join(workspace, 'export');
  try {
    const { outputs } = await students.run(initTiny);
    const base = { base: outputs.model as never };
    const rows = await store.putRecords('training-rows', [{ id: 'a', prompt: '1+1=', answer: '2' }]);
    const tuned = await students.run({
      op: 'finetune',
      model: base,
      inputs: { rows: [rows] },
      parameters: { method: 'lora', rank: 2, seed: 1, steps: 1 },
      threads: 1,
    });
    const adapter = tuned.outputs.adapter as never;
    const merged = await students.run({ ...initTiny, op: 'merge', model: { ...base, adapter }, parameters: {} });
    const evaluation = { answers: rows, overall: tally, strata: { plus: tally } };
    const config = {
      ...{ student: { base: 'tiny' }, task: { kind: 'operator-chains' }, teacher: { model: 'offline' }, seed: 1 },
      strategy: { name: 'loss' },
    };
    const record = {
      ...{ run: 'r', config, prepared: { base, baseRows: null }, baseEvaluation: evaluation },
      iterations: [{ accepted: 1, student: { ...base, adapter }, evaluation }],
    } as unknown as RunRecord;
    const merge = async () => merged.outputs.model as never;
    await exportStudents(store, { record, students: await studentsOf(store, record, { student: true, merge }), to });
  } finally {
    await students.close();
  }
  for (const folder of ['student-adapter', 'student-merged']) {
    const card = readFileSync(join(to, folder, 'README.md'), 'utf8');
    const [, lines] = card.split('```python\n').map((part) => part.split('```')[0]);
    const probe = `${lines}\nprint(type(model).__name__, len(tokenizer("1+1=").input_ids))`;
    const printed = execFileSync(python, ['-c', probe], { cwd: join(to, folder), encoding: 'utf8', stdio: 'pipe' });
    expect(printed.trim()).toBe(`${folder === 'student-adapter' ? 'PeftModelForCausalLM' : 'LlamaForCausalLM'} 4`);
    expect(card).toContain('| accuracy | 75.0 % of 4 test questions');
    expect(card).toContain('| data set | `messages.jsonl` of the same export: 1 synthetic row');
  }
});
