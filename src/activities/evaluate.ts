import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { RunConfig } from '../core/config/schema';
import type { EvaluatedAnswer, Prediction, SampledAnswer } from '../core/records';
import type { EvaluationSummary, SampledEvaluation } from '../core/run-record';
import { sampledAccuracy } from '../core/statistics/sampled-accuracy';
import { taskOf } from '../core/tasks/registry';
import { settleVerdict } from '../core/tasks/settle-verdict';
import { putTable } from '../store/artifacts/tables';
import { outputOf, type StudentJob } from '../student';
import type { Dependencies } from './dependencies';
import { engineSettings, predictSettings, sampledEvaluationSettings } from './engine-settings';
import type { RunContext } from './run-context';
import { secondOpinions } from './second-opinion';
import { studentStep } from './student-step';
import { type CountedAnswer, summarise } from './summarise';
import { readTests, type TestQuestion } from './test-questions';

type EvaluateInput = RunContext & { readonly student: ModelRef; readonly iteration: number };

/**
 * The student answers every test question, greedily, and several times by sampling where the file asks; each answer is
 * stored with its verdict. Where a judge or a user's program has the last word, `gradeAnswers` and `settleEvaluation` follow.
 */
export function createEvaluate(dependencies: Dependencies) {
  const { store } = dependencies;
  const doJob = studentStep(dependencies);
  const checked = answerChecker(dependencies);

  return async function evaluate(input: EvaluateInput): Promise<EvaluationSummary> {
    const { config } = input;
    const questions = await readTests(store, input);
    const prompts = await promptsOf(config, questions);
    const predictions = await predict(input, prompts, predictSettings(config));
    const answers = await checked(
      input,
      questions,
      predictions.map((prediction) => [prediction]),
    );
    const counted = answers.map(
      (answer, index): CountedAnswer => ({ ...answer, isTruncated: predictions[index]?.finish === 'length' }),
    );
    const summary = { answers: await putTable(store, 'evaluation', answers), ...summarise(counted) };
    const parameters = sampledEvaluationSettings(config, input.iteration);
    return parameters === null ? summary : { ...summary, sampled: await sample(input, questions, parameters) };
  };

  async function predict(
    { run, config, student }: EvaluateInput,
    prompts: ArtifactRef,
    parameters: StudentJob['parameters'],
  ): Promise<Prediction[]> {
    const inputs = { prompts: [prompts] };
    const result = await doJob(run, { op: 'predict', model: student, inputs, parameters, ...engineSettings(config) });
    return store.readRecords<Prediction>(outputOf(result, 'predictions'));
  }

  /** Several sampled answers to the questions of the test set that is drawn like the pool. */
  async function sample(
    input: EvaluateInput,
    questions: readonly TestQuestion[],
    parameters: StudentJob['parameters'],
  ): Promise<SampledEvaluation> {
    const test = questions.filter(({ set }) => set === 'test');
    const predictions = await predict(input, await promptsOf(input.config, test), parameters);
    const samples = predictions.map((first) => [first, ...(first.others ?? [])]);
    const answers = await checked(input, test, samples);
    const count = samples[0]?.length ?? 0;
    const ofQuestions = test.map((_, index) => answers.slice(index * count, (index + 1) * count));
    const table = ofQuestions.flatMap((several) =>
      several.map((answer, index): SampledAnswer => ({ ...answer, sample: index })),
    );
    return { table: await putTable(store, 'evaluation', table), answers: count, ...sampledAccuracy(ofQuestions) };
  }

  async function promptsOf({ task }: RunConfig, questions: readonly TestQuestion[]): Promise<ArtifactRef> {
    const { studentPrompt } = taskOf(task);
    const prompts = questions.map(({ set, id, question }) => ({ id: `${set}/${id}`, prompt: studentPrompt(question) }));
    return store.putRecords('prompts', prompts);
  }
}

/** The verdicts of all answers, question by question. */
function answerChecker(dependencies: Dependencies) {
  const askEngine = secondOpinions(dependencies);

  return async (
    { run, config }: EvaluateInput,
    questions: readonly TestQuestion[],
    answers: readonly (readonly Pick<Prediction, 'text' | 'finish'>[])[],
  ): Promise<EvaluatedAnswer[]> => {
    const task = taskOf(config.task);
    const found = questions.flatMap((question, index) =>
      (answers[index] ?? []).map(({ text, finish }) => {
        const reference = question.answer ?? '';
        return { question, reference, text, finish, ...task.check(question.question, reference, text) };
      }),
    );
    const opinions = await askEngine(run, config, found);
    return found.map(({ question, text, finish, reference: _, ...verdict }, index): EvaluatedAnswer => {
      const opinion = opinions.get(index);
      const settled = opinion === undefined ? verdict : settleVerdict(verdict, opinion);
      const { state, answered, wellFormed, correct, proof, readAs, reason, score } = settled;
      return {
        set: question.set,
        id: question.id,
        stratum: question.stratum,
        text,
        verdict: state,
        readAs,
        ...(reason === undefined ? {} : { reason }),
        answered,
        wellFormed,
        correct,
        ...(score === undefined ? {} : { score }),
        ...(proof === undefined ? {} : { proof }),
        ...(opinion === undefined ? {} : { secondOpinion: opinion }),
        ...(task.grader == null ? {} : { isTruncated: finish === 'length' }),
      };
    });
  };
}
