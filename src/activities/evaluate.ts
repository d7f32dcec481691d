import type { ModelRef } from '../core/artifact-ref';
import type { EvaluatedAnswer, Prediction, Seed } from '../core/records';
import type { EvaluationSummary, Tally } from '../core/run-record';
import { taskOf } from '../core/tasks';
import { putTable } from '../store/artifacts/tables';
import type { Dependencies } from './dependencies';
import type { RunContext } from './run-context';
import { secondOpinions } from './second-opinion';
import { studentStep } from './student-step';

interface TestQuestion extends Seed {
  readonly set: string;
}

/** The student answers every test question, greedily; each answer is stored with its verdict. */
export function createEvaluate(dependencies: Dependencies) {
  const { store } = dependencies;
  const doJob = studentStep(dependencies);
  const askEngine = secondOpinions(dependencies);

  return async function evaluate(
    input: RunContext & { student: ModelRef; iteration: number },
  ): Promise<EvaluationSummary> {
    const { config } = input;
    const task = taskOf(config.task);
    const questions = await readTests(input);
    const prompts = await store.putRecords(
      'prompts',
      questions.map((question) => ({
        id: `${question.set}/${question.id}`,
        prompt: task.studentPrompt(question.question),
      })),
    );
    const result = await doJob(input.run, {
      op: 'predict',
      model: input.student,
      inputs: { prompts: [prompts] },
      parameters: { maxNewTokens: config.student.max_new_tokens },
      threads: config.student.threads,
    });
    const predictions = await store.readRecords<Prediction>(result.outputs.predictions as never);
    const checked = questions.map((question, index): EvaluatedAnswer => {
      const { text } = predictions[index] as Prediction;
      const verdict = task.check(question.question, question.answer ?? '', text);
      return { set: question.set, id: question.id, stratum: question.stratum, text, ...verdict };
    });
    const asked = checked.map((answer, index) => ({ ...answer, reference: questions[index]?.answer ?? '' }));
    const opinions = await askEngine(input.run, config, asked);
    const answers = checked.map((answer, index) => {
      const state = opinions.get(index);
      return state === undefined ? answer : { ...answer, correct: state === 'correct', secondOpinion: state };
    });
    return { answers: await putTable(store, 'evaluation', answers), ...summarise(answers) };
  };

  async function readTests({ prepared }: RunContext): Promise<TestQuestion[]> {
    const questions: TestQuestion[] = [];
    for (const set of Object.keys(prepared.tests).sort()) {
      const seeds = await store.readRecords<Seed>(prepared.tests[set] as never);
      questions.push(...seeds.map((seed) => ({ ...seed, set })));
    }
    return questions;
  }
}

/** Overall over the set that is drawn like the pool; strata over the balanced set where the task has one. */
function summarise(answers: readonly EvaluatedAnswer[]): Omit<EvaluationSummary, 'answers'> {
  const test = answers.filter((answer) => answer.set === 'test');
  const balanced = answers.filter((answer) => answer.set === 'balanced');
  const byStratum: Record<string, EvaluatedAnswer[]> = {};
  for (const answer of balanced.length > 0 ? balanced : test) {
    byStratum[answer.stratum] ??= [];
    byStratum[answer.stratum]?.push(answer);
  }
  const strata: Record<string, Tally> = {};
  for (const stratum of Object.keys(byStratum).sort()) {
    strata[stratum] = tally(byStratum[stratum] ?? []);
  }
  return { overall: tally(test), strata };
}

/** Proofs are counted beside the verdict: where chance is one in two, a right label alone says little. */
function tally(answers: readonly EvaluatedAnswer[]): Tally {
  const count = (holds: (answer: EvaluatedAnswer) => boolean) => answers.filter(holds).length;
  return {
    correct: count((answer) => answer.correct),
    wellFormed: count((answer) => answer.wellFormed),
    answered: count((answer) => answer.answered),
    total: answers.length,
    ...(answers.some(({ proof }) => proof !== undefined) ? { proof: count(({ proof }) => proof === 'valid') } : {}),
  };
}
