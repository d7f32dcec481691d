import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { RunConfig } from '../core/config/schema';
import { randomStream, stableHash } from '../core/random';
import type { Seed } from '../core/records';
import type { PreparedRun } from '../core/run-record';
import { taskOf } from '../core/tasks/registry';
import { readTable } from '../store/artifacts/tables';
import { outputOf } from '../student';
import type { Dependencies } from './dependencies';
import { engineSettings, withoutUnset } from './engine-settings';
import { finetunedModel, finetuneJob, methodParameters } from './finetune-job';
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

  return async function prepare({ run, config, pool, tests, baseContent }: PrepareInput): Promise<PreparedRun> {
    const data = { pool, tests, ...(baseContent === undefined ? {} : { baseContent }) };
    const { model, revision } = await baseModel(run, config, data);
    const ofHub = revision === undefined ? {} : { baseRevision: revision };
    return { pool, tests, ...ofHub, ...(await warmUp(run, config, model, pool)) };
  };

  async function baseModel(
    run: string,
    config: RunConfig,
    data: RunData,
  ): Promise<{ readonly model: ModelRef; readonly revision?: string }> {
    const { base, revision } = config.student;
    const job =
      base === 'tiny'
        ? {
            op: 'init-tiny',
            parameters: { ...(await tokensOf(store, config, data)), seed: stableHash('init', config.seed) % 2 ** 31 },
          }
        : {
            op: 'import',
            parameters: {
              source: base,
              ...methodParameters(config),
              ...withoutUnset({ content: data.baseContent, revision, settings: engineSettings(config).settings }),
            },
          };
    const { threads, ...rest } = engineSettings(config);
    const stall = withoutUnset({ stallSeconds: rest.stallSeconds });
    const result = await doJob(run, { model: null, inputs: {}, threads, ...stall, ...job });
    const { revision: commit } = result.metrics;
    return { model: { base: outputOf(result, 'model') }, ...(typeof commit === 'string' ? { revision: commit } : {}) };
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
    const positions = Array.from({ length: pool.rows ?? 0 }, (_, position) => position);
    const drawn = randomStream('warm-up', runSeed).shuffle(positions).slice(0, count);
    const ranks = new Map(drawn.map((position, rank) => [position, rank]));
    const seeds: Seed[] = [];
    let position = 0;
    for await (const seed of readTable<Seed>(store, pool)) {
      const rank = ranks.get(position);
      if (rank !== undefined) {
        seeds[rank] = seed;
      }
      position += 1;
    }
    return seeds;
  }
}

/** Where the task's text is open, the characters of its data are the tiny student's: it can be shown no others. */
async function tokensOf(
  store: Dependencies['store'],
  config: RunConfig,
  { pool, tests }: RunData,
): Promise<{ readonly alphabet: string; readonly words?: readonly string[]; readonly unknownToken?: true }> {
  const { alphabet, studentPrompt, tinyReads } = taskOf(config.task);
  if (alphabet !== null && tinyReads === 'characters') {
    return { alphabet };
  }
  const [characters, words] = [new Set<string>(), new Set<string>()];
  for (const table of [pool, ...Object.values(tests)]) {
    for await (const { question, answer } of readTable<Seed>(store, table)) {
      const prompt = studentPrompt(question);
      const turns = typeof prompt === 'string' ? [prompt] : prompt.map(({ content }) => content);
      const texts = [...turns, answer ?? ''];
      for (const character of texts.join('')) {
        characters.add(character);
      }
      for (const token of texts.flatMap((text) => text.match(word) ?? [])) {
        words.add(token);
      }
    }
  }
  // A teacher of open text writes what no pool holds.
  const open = {
    alphabet: [...new Set([...PRINTABLE_ASCII, ...characters])].sort().join(''),
    unknownToken: true,
  } as const;
  return {
    ...(alphabet === null ? open : { alphabet }),
    ...(tinyReads === 'words' ? { words: [...words].sort() } : {}),
  };
}

const PRINTABLE_ASCII = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('');

/** A word or a number, with the space before it: so cut, a text is read and written again without loss. */
const word = / ?(?:[A-Za-z]{2,}|[0-9]+)/g;
