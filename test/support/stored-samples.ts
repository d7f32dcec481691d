import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { storeOf } from '../../src/analysis/data/load-rows';
import { loadRun } from '../../src/analysis/load';
import type { EvaluatedAnswer, Seed } from '../../src/core/records';
import type { Workspace } from '../../src/store/workspace';

/** Test questions of the stored answers; each stands for one way that an answer can go. */
const questions = 12;

/**
 * Gives the runs of `storeExperiment` what their pages need: a plan, a test set, and the answers of every evaluation. The
 * base answers a third of the questions; each iteration one more, and forgets question 0.
 *
 * @param text ends every question and answer
 */
export async function storeSamples(workspace: Workspace, text: string): Promise<void> {
  const store = storeOf(workspace.root);
  const seeds = Array.from({ length: questions }, (_, index): Seed => {
    return { id: `q${index}`, question: `Which number is ${index}? ${text}`, answer: `${index}`, stratum: `level ${index % 2}` }; // biome-ignore format: a record
  });
  const test = await store.putRecords('test-set', seeds);
  const putAnswers = (iteration: number) =>
    store.putRecords(
      'evaluation',
      seeds.map((seed, index): EvaluatedAnswer => {
        const correct = index < 4 + iteration && (index > 0 || iteration === 0);
        const answer = `It is ${correct ? index : 'unclear'}. ${text}`;
        return { set: 'test', id: seed.id, stratum: seed.stratum, text: answer, verdict: correct ? 'correct' : 'wrong', readAs: answer, answered: true, wellFormed: true, correct }; // biome-ignore format: a record
      }),
    );
  const stored = await Promise.all([0, 1, 2, 3, 4].map(putAnswers));
  for (const run of ['random', 'loss'].flatMap((strategy) => [1, 2, 3].map((seed) => `demo/${strategy}-${seed}`))) {
    const record = await loadRun(workspace.root, run);
    if (record === null) {
      throw new Error(`${run} is not stored`);
    }
    const put = (file: string, content: object) =>
      writeFile(join(workspace.runDirectory(run), file), JSON.stringify(content));
    await put('plan.json', { run, experiment: 'demo', config: record.config, labels: {}, origins: {} });
    const iterations = record.iterations.map((one) => {
      return { ...one, evaluation: { ...one.evaluation, answers: stored[one.iteration] } };
    });
    await put('run.json', {
      ...record,
      prepared: { ...record.prepared, tests: { ...record.prepared.tests, test } },
      baseEvaluation: { ...record.baseEvaluation, answers: stored[0] },
      iterations,
    });
  }
}
