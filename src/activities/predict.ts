import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { Prediction, Seed } from '../core/records';
import { taskOf } from '../core/tasks';
import type { Dependencies } from './dependencies';
import type { RunContext } from './run-context';
import { secondOpinions } from './second-opinion';
import { type Shard, shardParameters } from './shards';
import { studentStep } from './student-step';

export type PredictInput = RunContext & Partial<Shard> & { readonly student: ModelRef };

/** The student answers every seed of the pool, greedily. */
export function createPredict(dependencies: Dependencies) {
  const { store } = dependencies;
  const doJob = studentStep(dependencies);
  const askEngine = secondOpinions(dependencies);

  return async function predict(input: PredictInput): Promise<ArtifactRef> {
    const { config, prepared } = input;
    const task = taskOf(config.task);
    const pool = await store.readRecords<Seed>(prepared.pool);
    const prompts = await store.putRecords(
      'prompts',
      pool.map((seed) => ({ id: seed.id, prompt: task.studentPrompt(seed.question) })),
    );
    const result = await doJob(input.run, {
      op: 'predict',
      model: input.student,
      inputs: { prompts: [prompts] },
      parameters: { maxNewTokens: config.student.max_new_tokens, ...shardParameters(input) },
      threads: config.student.threads,
    });
    const predictions = result.outputs.predictions as ArtifactRef;
    const scoresByVerdict = config.strategy.score === 'incorrect' && task.secondOpinion !== null;
    return scoresByVerdict ? withOpinions(input, predictions, pool) : predictions;
  };

  /** A strategy that picks wrong answers means the same by wrong as the evaluation does. */
  async function withOpinions({ run, config }: PredictInput, ref: ArtifactRef, pool: readonly Seed[]) {
    const task = taskOf(config.task);
    const seeds = new Map(pool.map((seed) => [seed.id, seed]));
    const predictions = await store.readRecords<Prediction>(ref);
    const checked = predictions.map(({ id, text }) => {
      const { question, answer } = seeds.get(id) as Seed;
      const reference = answer ?? '';
      return { reference, text, ...task.check(question, reference, text) };
    });
    const opinions = await askEngine(run, config, checked);
    const known = predictions.map((prediction, index): Prediction => {
      const secondOpinion = opinions.get(index);
      return secondOpinion === undefined ? prediction : { ...prediction, secondOpinion };
    });
    return store.putRecords('predictions', known);
  }
}
