import { randomStream, stableHash } from '../../random';
import type { Seed } from '../../records';
import { gradeNumber } from '../checks/number';
import { plainText, readsFiles, textField } from '../file-data';
import { fill, usesDefaultRequests } from '../prompts';
import { gsm8kFiles } from '../published-data';
import { digitForm, finalNumber } from '../reading/numbers';
import { parseQuestionText } from '../reading/question-text';
import { type Parsed, quote, type Task, type TaskData, type TaskFiles, type Verdict } from '../task';
import { type Gsm8kOptions, gsm8kPrompts } from './schema';
import { drawWordProblem, readWordProblem, sayWordProblem, wordProblemAlphabet, workWordProblem } from './templates';

/** Grade-school word problems (GSM8K, arXiv 2110.14168): the published ones, or problems from templates in the same form. */
export function gsm8k(options: Gsm8kOptions): Task {
  const { prompts, source } = options;
  const isTemplated = source === 'templates';
  return {
    promptVersion: 1,
    alphabet: isTemplated ? wordProblemAlphabet : null,
    tinyReads: isTemplated ? 'words' : 'characters',
    files: isTemplated ? null : files(options),
    makeData: isTemplated ? (seed) => makeTemplated(options, seed) : readsFiles,
    studentPrompt: (question) => fill(prompts.student, { question }),
    questionMessages: ({ question, answer }) => [
      { role: 'user', content: fill(prompts.question, { question, answer: answer ?? '' }) },
    ],
    answerMessages: (question) => [{ role: 'user', content: fill(prompts.answer, { question }) }],
    parseQuestion: (text) => parseQuestionText(text),
    parseAnswer: parseWorkedNumber,
    check: checkWorkedNumber,
    secondOpinion: null,
    verify: isTemplated ? isRightByTemplate : null,
    stratum: (question, parent) =>
      (isTemplated ? readWordProblem(question)?.template : undefined) ?? parent?.stratum ?? 'other',
    canonical: isTemplated ? canonicalTemplated : plainText,
    // Questions from one template are always similar.
    novelty: isTemplated ? 'exact' : 'near',
    hasOfflineTeacher: isTemplated && usesDefaultRequests(prompts, gsm8kPrompts),
  };
}

/** A worked answer with the requested ending. */
export function parseWorkedNumber(text: string): Parsed {
  return finalNumber(text)?.marker === 'hashes'
    ? { ok: true, value: text.trim() }
    : { ok: false, reason: `no line "#### number" at the end: ${quote(text.trim().slice(-60))}` };
}

/** Well formed: `#### number`. Correct: the same number, exactly, in any notation. */
export const checkWorkedNumber = (_: string, reference: string, answer: string): Verdict =>
  gradeNumber(reference, answer, { form: digitForm });

function files({ train, test, pool_size, test_size }: Gsm8kOptions): TaskFiles {
  return {
    sizes: { pool: pool_size, test: test_size },
    train: train === undefined ? { published: gsm8kFiles.train } : { path: train },
    test: test === undefined ? { published: gsm8kFiles.test } : { path: test },
    readRecord: (record) => {
      const question = textField(record, 'question');
      const published = textField(record, 'answer');
      if (typeof question !== 'string' || typeof published !== 'string') {
        return {
          ok: false,
          reason: [question, published]
            .flatMap((field) => (typeof field === 'string' ? [] : [field.reason]))
            .join('; '),
        };
      }
      // <<48/2=24>> is meant for a calculator tool, which students do not have here.
      const answer = published.replace(/<<[^<>]{0,200}>>/g, '');
      if (finalNumber(answer)?.marker !== 'hashes') {
        return { ok: false, reason: `"answer" does not end in #### and a number: ${quote(answer.slice(-40))}` };
      }
      const steps = answer.split('\n').filter((line) => line.trim() !== '').length - 1;
      return { ok: true, row: { question, answer, stratum: steps >= 6 ? 'steps-6+' : `steps-${steps}` } };
    },
  };
}

/** One in five canonical forms belongs to the test side, so the pool and the test set cannot overlap. */
function makeTemplated({ pool_size = 1000, test_size = 200, numbers = 'large' }: Gsm8kOptions, seed: number): TaskData {
  const drawSet = (set: 'pool' | 'test', size: number): Seed[] => {
    const taken = new Set<string>();
    return Array.from({ length: size }, (_, index) => {
      const stream = randomStream('gsm8k', set, seed, index);
      for (let attempt = 0; attempt < 2000; attempt += 1) {
        const problem = drawWordProblem(stream, numbers);
        const question = sayWordProblem(problem);
        const form = canonicalTemplated(question);
        if (!taken.has(form) && (stableHash('gsm8k-side', form) % 5 === 0) === (set === 'test')) {
          taken.add(form);
          const id = `${set}-${String(index).padStart(5, '0')}`;
          return { id, question, answer: workWordProblem(problem), stratum: problem.template };
        }
      }
      throw new RangeError(`there are too few templated problems: ${index} of ${size} were found for the ${set} set`);
    });
  };
  return { pool: drawSet('pool', pool_size), tests: { test: drawSet('test', test_size) } };
}

/** Problems that differ only in the person's name are the same. */
function canonicalTemplated(question: string): string {
  const problem = readWordProblem(question);
  return problem === null
    ? plainText(question)
    : [
        problem.template,
        ...Object.entries(problem.values)
          .filter(([slot]) => slot !== 'who')
          .sort()
          .flat(),
      ].join(' ');
}

function isRightByTemplate(question: string, answer: string): boolean {
  const problem = readWordProblem(question);
  return problem !== null && checkWorkedNumber(question, workWordProblem(problem), answer).correct;
}
