import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { Prediction, Seed } from '../core/records';
import type { Shard } from '../core/table';
import { taskOf } from '../core/tasks/registry';
import { putTable, readTable } from '../store/artifacts/tables';
import { outputOf } from '../student';
import type { Dependencies } from './dependencies';
import { engineSettings, poolPredictSettings } from './engine-settings';
import { withRecords } from './pool';
import type { RunContext } from './run-context';
import { secondOpinions } from './second-opinion';
import { type PoolPart, partsOfShard, shardParameters } from './shards';
import { studentStep } from './student-step';

export type PredictInput = RunContext & Shard & { readonly student: ModelRef; readonly iteration: number };

/** The student answers every seed of the pool, or of a part of it, greedily unless the file says otherwise. */
export function createPredict(dependencies: Dependencies) {
  const { store } = dependencies;
  const doJob = studentStep(dependencies);
  const askEngine = secondOpinions(dependencies);

  return async function predict(input: PredictInput): Promise<ArtifactRef> {
    const { config, prepared } = input;
    const parts = await partsOfShard(store, prepared.pool, input);
    const prompts: ArtifactRef[] = [];
    for (const { seeds } of parts) {
      prompts.push(await putTable(store, 'prompts', promptsOf(input, seeds), { partRows: Number.POSITIVE_INFINITY }));
    }
    const result = await doJob(input.run, {
      op: 'predict',
      model: input.student,
      inputs: { prompts },
      parameters: { ...poolPredictSettings(config, rankedIn(input)), ...shardParameters(input) },
      ...engineSettings(config),
    });
    const predictions = outputOf(result, 'predictions');
    const scoresByVerdict = config.strategy.score === 'incorrect' && taskOf(config.task).secondOpinion !== null;
    return scoresByVerdict ? withOpinions(input, predictions, parts) : predictions;
  };

  async function* promptsOf({ config }: PredictInput, seeds: ArtifactRef) {
    const task = taskOf(config.task);
    for await (const { id, question } of readTable<Seed>(store, seeds)) {
      yield { id, prompt: task.studentPrompt(question) };
    }
  }

  /** A strategy that picks wrong answers means the same by wrong as the evaluation does. */
  async function withOpinions({ run, config }: PredictInput, ref: ArtifactRef, parts: readonly PoolPart[]) {
    const task = taskOf(config.task);
    const predictions: Prediction[] = [];
    const checked: Parameters<typeof askEngine>[2][number][] = [];
    for await (const [{ question, answer }, prediction] of withRecords(
      seedsOf(parts),
      readTable<Prediction>(store, ref),
    )) {
      // A share has some of the seeds.
      if (prediction !== undefined) {
        const reference = answer ?? '';
        const { text } = prediction;
        predictions.push(prediction);
        checked.push({ reference, text, ...task.check(question, reference, text) });
      }
    }
    const opinions = await askEngine(run, config, checked);
    const known = predictions.map((prediction, index): Prediction => {
      const secondOpinion = opinions.get(index);
      return secondOpinion === undefined ? prediction : { ...prediction, secondOpinion };
    });
    return store.putRecords('predictions', known);
  }

  async function* seedsOf(parts: readonly PoolPart[]) {
    for (const { seeds } of parts) {
      yield* readTable<Seed>(store, seeds);
    }
  }
}

/** A pool that is ranked once has one set of answers, whichever iteration asks for them. */
const rankedIn = ({ config, iteration }: PredictInput) => (config.strategy.rescore === 'once' ? 1 : iteration);
