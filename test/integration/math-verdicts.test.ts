import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Dependencies } from '../../src/activities/dependencies';
import { createEvaluate } from '../../src/activities/evaluate';
import { createPredict } from '../../src/activities/predict';
import type { ArtifactRef } from '../../src/core/artifact-ref';
import { runConfigSchema } from '../../src/core/config/schema';
import type { EvaluatedAnswer, Prediction, Seed } from '../../src/core/records';
import { taskOf } from '../../src/core/tasks/registry';
import { openArtifactStore } from '../../src/store/artifacts/artifact-store';
import { openWorkspace } from '../../src/store/workspace';
import { createStudents, type Students } from '../../src/student';
import { enginePython } from '../support/paths';
import { selectSeeds } from '../support/select-seeds';

jest.setTimeout(120_000);

const python = enginePython();

/** Reference, the student's answer, whether it is right, and the engine's state where it was asked. */
const cases: [reference: string, answer: string, correct: boolean, opinion: string | undefined][] = [
  ['So \\boxed{\\frac{\\sqrt{2}}{2}}.', 'It is \\boxed{\\frac{1}{\\sqrt{2}}}', true, 'correct'],
  ['So \\boxed{\\frac{1}{2}}.', 'It is \\boxed{0.5}', true, undefined],
  ['So \\boxed{x^2-1}.', 'Thus \\boxed{(x-1)(x+1)}.', true, 'correct'],
  ['So \\boxed{2\\sqrt{3}}.', '\\boxed{\\sqrt{12}}', true, 'correct'],
  ['So \\boxed{7}.', 'I get \\boxed{7}.', true, undefined],
  ['So \\boxed{7}.', 'I get \\boxed{8}, since 7 is no answer.', false, undefined],
  ['So \\boxed{x+1}.', 'It is \\boxed{x-1}.', false, 'incorrect'],
  ['So \\boxed{7}.', 'It is 7.', true, undefined],
  ['So \\boxed{7}.', 'I do not know.', false, undefined],
  ['So \\boxed{7}.', '', false, undefined],
];

const config = runConfigSchema.parse({
  name: 'math',
  task: { kind: 'math' },
  teacher: { provider: 'openai', model: 'big' },
  strategy: { name: 'incorrect', score: 'incorrect', target: 'own', keep: 'high', select: 'top' },
});

it('an answer in another form is right by math-verify, for the evaluation and for the incorrect scorer alike', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tutelage-math-'));
  const workspace = await openWorkspace(folder);
  const store = openArtifactStore(join(folder, 'artifacts'), join(folder, 'checkouts'));
  const engine = createStudents({
    ...{ python, engineDirectory: join(__dirname, '..', '..', 'engine'), slots: 1, store },
    ...{ jobsDirectory: workspace.jobs, logDirectory: workspace.logs },
  });
  const seeds = cases.map(
    ([answer], index): Seed => ({ id: `s${index}`, question: `q${index}`, answer, stratum: 'all' }),
  );
  const answered = cases.map(
    ([, text], index): Prediction => ({ id: `s${index}`, text, tokenIds: [], finish: 'stop' }),
  );
  const predictions = await store.putRecords('predictions', answered);
  // What the student says is given; what is made of it is the engine's own.
  const students = {
    run: async (...[job, options]: Parameters<Students['run']>) =>
      job.op === 'predict' ? { metrics: {}, outputs: { predictions } } : engine.run(job, options),
  } as Students;
  const set = await store.putRecords('pool', seeds);
  const prepared = { pool: set, tests: { test: set }, base: { base: set }, baseRows: null };
  const input = { run: 'math', experiment: null, config, prepared, student: prepared.base, iteration: 1 };
  const dependencies = { workspace, store, students } as Dependencies;
  const doStep = <T>(step: () => Promise<T>) => new MockActivityEnvironment().run(step) as Promise<T>;
  try {
    const evaluation = await doStep(() => createEvaluate(dependencies)(input));
    const judged = await store.readRecords<EvaluatedAnswer>(evaluation.answers);
    expect(judged.map(({ correct, secondOpinion }) => [correct, secondOpinion])).toEqual(
      cases.map(([, , correct, opinion]) => [correct, opinion]),
    );
    // No answer at all cannot be read either.
    expect(evaluation.overall).toEqual({
      ...{ correct: 6, wellFormed: 7, answered: 9, total: 10 },
      ...{ unreadable: 2, unmeasured: 0, truncated: 0 },
    });

    const seen = await store.readRecords<Prediction>(
      (await doStep(() => createPredict(dependencies)(input))) as ArtifactRef,
    );
    const picks = selectSeeds({
      ...{ strategy: config.strategy, task: taskOf(config.task), seeds, count: 10, skip: 0, runSeed: 1, iteration: 1 },
      measurements: { predictions: seen },
      asked: new Map(),
    });
    const wrong = picks.filter(({ score }) => score === 1).map(({ seedId }) => seedId);
    expect(wrong.sort()).toEqual(seeds.filter((_, index) => cases[index]?.[2] === false).map(({ id }) => id));
  } finally {
    await engine.close();
    await rm(folder, { recursive: true });
  }
});
