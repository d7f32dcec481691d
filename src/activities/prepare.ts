import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { RunConfig } from '../core/config/schema';
import { randomStream, stableHash } from '../core/random';
import type { Seed } from '../core/records';
import type { PreparedRun } from '../core/run-record';
import { taskOf } from '../core/tasks';
import { readTable } from '../store/artifacts/tables';
import type { Dependencies } from './dependencies';
import { finetunedModel, finetuneJob } from './finetune-job';
import type { RunData } from './read-data';
import { studentStep } from './student-step';
import { filesOf, putTrainingRows } from './training-rows';

export interface PrepareInput extends RunData {
  readonly run: string;
  readonly config: RunConfig;
}

/** The base student, as an artifact. Arms of one random seed name the same jobs, so a base is trained once. */
export function createPrepare(dependencies: Dependencies) {
  const { store } = dependencies;
  const doJob = studentStep(dependencies);

  return async function prepare({ run, config, pool, tests }: PrepareInput): Promise<PreparedRun> {
    const untrained = await baseModel(run, config, { pool, tests });
    return { pool, tests, ...(await warmUp(run, config, untrained, pool)) };
  };

  async function baseModel(run: string, config: RunConfig, data: RunData): Promise<ModelRef> {
    const { base, threads } = config.student;
    const job =
      base === 'tiny'
        ? {
            op: 'init-tiny',
            parameters: { ...(await tokensOf(config, data)), seed: stableHash('init', config.seed) % 2 ** 31 },
          }
        : { op: 'import', parameters: { source: base } };
    const result = await doJob(run, { model: null, inputs: {}, threads, ...job });
    return { base: result.outputs.model as ArtifactRef };
  }

  /** Where the task's text is open, the characters of its data are the tiny student's: it can be shown no others. */
  async function tokensOf(
    config: RunConfig,
    { pool, tests }: RunData,
  ): Promise<{ readonly alphabet: string; readonly words?: readonly string[] }> {
    const { alphabet, studentPrompt, tinyReads } = taskOf(config.task);
    if (alphabet !== null && tinyReads === 'characters') {
      return { alphabet };
    }
    const [characters, words] = [new Set<string>(), new Set<string>()];
    for (const table of [pool, ...Object.values(tests)]) {
      for await (const { question, answer } of readTable<Seed>(store, table)) {
        const texts = [studentPrompt(question), answer ?? ''];
        for (const character of texts.join('')) {
          characters.add(character);
        }
        for (const token of texts.flatMap((text) => text.match(word) ?? [])) {
          words.add(token);
        }
      }
    }
    return {
      alphabet: alphabet ?? [...characters].sort().join(''),
      ...(tinyReads === 'words' ? { words: [...words].sort() } : {}),
    };
  }

  async function warmUp(
    run: string,
    config: RunConfig,
    model: ModelRef,
    pool: ArtifactRef,
  ): Promise<Pick<PreparedRun, 'base' | 'baseRows'>> {
    const { warm_up } = config.student;
    if (warm_up === undefined) {
      return { base: model, baseRows: null };
    }
    const baseRows = await putTrainingRows(store, config, await drawSeeds(pool, config.seed, warm_up.rows));
    const rows = await filesOf(store, [baseRows]);
    const job = finetuneJob(config, { iteration: 0, model, rows, steps: warm_up.steps });
    return { base: finetunedModel(model, await doJob(run, job)), baseRows };
  }

  /** So many seeds, each at most once, in the order drawn. */
  async function drawSeeds(pool: ArtifactRef, runSeed: number, count: number): Promise<Seed[]> {
    const places = Array.from({ length: pool.rows ?? 0 }, (_, place) => place);
    const drawn = randomStream('warm-up', runSeed).shuffle(places).slice(0, count);
    const ranks = new Map(drawn.map((place, rank) => [place, rank]));
    const seeds: Seed[] = [];
    let place = 0;
    for await (const seed of readTable<Seed>(store, pool)) {
      const rank = ranks.get(place);
      if (rank !== undefined) {
        seeds[rank] = seed;
      }
      place += 1;
    }
    return seeds;
  }
}

/** A word or a number, with the space before it: so cut, a text is read and written again without loss. */
const word = / ?(?:[A-Za-z]{2,}|[0-9]+)/g;
