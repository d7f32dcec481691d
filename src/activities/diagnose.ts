import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { RunConfig } from '../core/config/schema';
import type { Diagnosis } from '../core/diagnosis';
import type { AnswerLoss, Prediction, Reward, Seed, SyntheticRow } from '../core/records';
import { taskOf } from '../core/tasks/registry';
import { putTable, recordsById } from '../store/artifacts/tables';
import { outputOf } from '../student';
import type { Dependencies } from './dependencies';
import { engineSettings, predictSettings } from './engine-settings';
import type { RunContext } from './run-context';
import { readFinishedIterations } from './run-context';
import { rewardsOf } from './score';
import { secondOpinions } from './second-opinion';
import { studentStep } from './student-step';

export interface DiagnoseInput extends RunContext {
  /** Who answers, and whose loss it is. */
  readonly student: ModelRef;
  /** Records of the iterations whose rows are looked at too; `null` for the given rows alone. */
  readonly finishedIterations: ArtifactRef | null;
  /** `null`: the rows of finished iterations alone. */
  readonly rows: ArtifactRef | null;
}

/** A question of either kind, under an id that tells them apart, with the answer it is checked against. */
interface Question {
  readonly id: string;
  readonly question: string;
  readonly reference: string | null;
}

/**
 * The student answers the questions of synthetic rows and of the seeds they came from, and is scored on its own
 * answers: what the figures on selection are drawn from. Nothing of the loop reads it.
 */
export function createDiagnose(dependencies: Dependencies) {
  const { store } = dependencies;
  const doJob = studentStep(dependencies);
  const askEngine = secondOpinions(dependencies);

  return async function diagnose(input: DiagnoseInput): Promise<ArtifactRef> {
    const rows = await rowsOf(input);
    const seeds = await recordsById<Seed>(
      store,
      input.prepared.pool,
      rows.map(({ parent }) => parent),
    );
    const parents = [...new Set(rows.map(({ parent }) => parent))].map((id) => seeds.get(id) as Seed);
    const asked = [
      ...parents.map(({ id, question, answer: reference }): Question => ({ id: `seed/${id}`, question, reference })),
      ...rows.map(({ id, question, answer: reference }): Question => ({ id: `row/${id}`, question, reference })),
    ];
    const { texts, losses } = await answer(input, asked);
    const rewards =
      input.config.strategy.score === 'reward' ? await grade(input, promptsOf(input.config, asked), texts) : null;
    const met = { texts, losses, rewards, correct: await check(input, asked, texts) };
    const diagnoses = rows.map((row) => reflectionOf(row, met));
    return putTable(store, 'diagnosis', diagnoses);
  };

  /** What the reward model that selects says of the answers. */
  async function grade(
    input: DiagnoseInput,
    prompts: ReturnType<typeof promptsOf>,
    texts: ReadonlyMap<string, string>,
  ): Promise<ReadonlyMap<string, number | null>> {
    const answered = prompts.map((prompt) => ({ ...prompt, answer: texts.get(prompt.id) ?? '' }));
    const answers = [await store.putRecords('pairs', answered)];
    const rewards = await store.readRecords<Reward>(await rewardsOf(doJob, input, { answers, parameters: {} }));
    return new Map(rewards.map(({ id, reward }) => [id, reward]));
  }

  async function rowsOf({ finishedIterations, rows }: DiagnoseInput): Promise<SyntheticRow[]> {
    const earlier = (await readFinishedIterations(store, finishedIterations)).map((record) => record.rows);
    const tables = rows === null ? earlier : [...earlier, rows];
    return (await Promise.all(tables.map((table) => store.readRecords<SyntheticRow>(table)))).flat();
  }

  /** Whether each answer agrees with its reference, as an evaluation would find; absent where there is none. */
  async function check(
    { run, config }: DiagnoseInput,
    questions: readonly Question[],
    texts: ReadonlyMap<string, string>,
  ): Promise<ReadonlyMap<string, boolean>> {
    const task = taskOf(config.task);
    const checked = questions.flatMap(({ id, question, reference }) => {
      const text = texts.get(id) ?? '';
      return reference === null ? [] : [{ id, reference, text, ...task.check(question, reference, text) }];
    });
    const opinions = await askEngine(run, config, checked);
    return new Map(
      checked.map(({ id, correct }, index) => [id, correct || opinions.get(index) === 'correct'] as const),
    );
  }

  /** Greedy answers, and the mean loss a token of each that is not empty. */
  async function answer({ run, config, student }: DiagnoseInput, questions: readonly Question[]) {
    const prompts = promptsOf(config, questions);
    const predicted = await doJob(run, {
      op: 'predict',
      model: student,
      inputs: { prompts: [await store.putRecords('prompts', prompts)] },
      parameters: predictSettings(config),
      ...engineSettings(config),
    });
    const predictions = await store.readRecords<Prediction>(outputOf(predicted, 'predictions'));
    const pairs = prompts.map((prompt, index) => ({ ...prompt, tokenIds: predictions[index]?.tokenIds ?? [] }));
    const scored = await doJob(run, {
      op: 'score',
      model: student,
      inputs: { answers: [await store.putRecords('pairs', pairs)] },
      parameters: {},
      ...engineSettings(config),
    });
    const losses = await store.readRecords<AnswerLoss>(outputOf(scored, 'scores'));
    return {
      texts: new Map(predictions.map(({ id, text }) => [id, text])),
      losses: new Map(
        losses.flatMap(({ id, nllSum, tokens }) => (tokens === 0 ? [] : [[id, nllSum / tokens] as const])),
      ),
    };
  }
}

/** What is known of the questions, by their ids. */
interface Met {
  readonly texts: ReadonlyMap<string, string>;
  readonly losses: ReadonlyMap<string, number>;
  readonly rewards: ReadonlyMap<string, number | null> | null;
  readonly correct: ReadonlyMap<string, boolean>;
}

function reflectionOf({ id, parent }: SyntheticRow, { texts, losses, rewards, correct }: Met): Diagnosis {
  const [seed, row] = [`seed/${parent}`, `row/${id}`];
  return {
    id,
    parent,
    parentLoss: losses.get(seed) ?? null,
    loss: losses.get(row) ?? null,
    ...(rewards === null ? {} : { parentReward: rewards.get(seed) ?? null, reward: rewards.get(row) ?? null }),
    parentCorrect: correct.get(seed) ?? null,
    correct: correct.get(row) ?? false,
    text: texts.get(row) ?? '',
  };
}

function promptsOf(config: RunConfig, questions: readonly Question[]) {
  const task = taskOf(config.task);
  return questions.map(({ id, question }) => ({ id, prompt: task.studentPrompt(question) }));
}
