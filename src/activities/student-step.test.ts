import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { openWorkspace } from '../store/workspace';
import type { Students } from '../student';
import { studentStep } from './student-step';

const job = { op: 'finetune', model: null, inputs: {}, parameters: {}, threads: 1 };

test("an engine's warnings are in the run's log, with the step that they came from", async () => {
  const workspace = await openWorkspace(await mkdtemp(join(tmpdir(), 'tutelage-step-')));
  const warnings = ['3 of 10 rows are longer than 256 tokens and are left out.', 'Checkpoint 2 is damaged.'];
  const students = { run: async () => ({ metrics: { warnings }, outputs: {} }) } as unknown as Students;
  const environment = new MockActivityEnvironment({ activityType: 'finetune' });
  await environment.run(() => studentStep({ students, workspace })('demo/loss-1', job));
  const text = await readFile(join(workspace.runDirectory('demo/loss-1'), 'log.jsonl'), 'utf8');
  const lines = text.split('\n').filter((line) => line !== '');
  expect(lines.map((line) => JSON.parse(line))).toEqual(
    warnings.map((message) => ({
      at: expect.any(String),
      level: 'warn',
      run: 'demo/loss-1',
      step: 'finetune',
      message,
    })),
  );
});
