import type { TaskConfig } from '../config/schema';
import { randomStream, stableHash } from '../random';
import type { Seed } from '../records';
import { plainText, readsFiles, textField } from './file-data';
import { finalNumber } from './numbers';
import { asksAsUsual, fill, type Prompts } from './prompts';
import { gsm8kFiles } from './published-data';
import { equal } from './rational';
import { type Parsed, quote, type Task, type TaskData, type TaskFiles, unanswered, type Verdict } from './task';
import {
  drawWordProblem,
  readWordProblem,
  sayWordProblem,
  wordProblemAlphabet,
  workWordProblem,
} from './word-problems';

export type Gsm8kOptions = Extract<TaskConfig, { kind: 'gsm8k' }>;

export const gsm8kPrompts: Prompts = {
  question:
    'The following is a word problem in grade-school mathematics.\n\n{question}\n\n' +
    'Write one new word problem that needs the same kind of reasoning, of about the same difficulty, about another situation and with other ' +
    'numbers. Its answer is one number. Reply with the problem alone.',
  answer:
    'Solve this word problem step by step, with one short line a step.\n\n{question}\n\n' +
    'End with a line that holds #### and the number alone, for instance: #### 72',
  student: '{question}\n',
};

/** Grade-school word problems (GSM8K, arXiv 2110.14168): the published ones, or templated ones in the same form, made here. */
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
    questionMessages: ({ question }) => [{ role: 'user', content: fill(prompts.question, { question }) }],
    answerMessages: (question) => [{ role: 'user', content: fill(prompts.answer, { question }) }],
    parseQuestion: parseWordProblem,
    parseAnswer: parseWorkedNumber,
    check: checkWorkedNumber,
    secondOpinion: null,
    verify: isTemplated ? isRightByTemplate : null,
    stratum: (question, parent) =>
      (isTemplated ? readWordProblem(question)?.template : undefined) ?? parent?.stratum ?? 'other',
    canonical: isTemplated ? canonicalTemplated : plainText,
    // Templated questions are alike by their making.
    novelty: isTemplated ? 'exact' : 'near',
    hasOfflineTeacher: isTemplated && asksAsUsual(prompts, gsm8kPrompts),
  };
}

/** A question in free text: something, and not its own answer. */
export function parseWordProblem(text: string): Parsed {
  const question = text
    .trim()
    .replace(/^\**(?:new )?(?:question|problem)\**\s{0,3}:\**\s{0,3}/i, '')
    .trim();
  if (question.length < 10) {
    return { ok: false, reason: `no question: ${quote(question)}` };
  }
  return question.includes('####')
    ? { ok: false, reason: 'the question holds its answer (####)' }
    : { ok: true, value: question };
}

/** A worked answer that ends as it was asked to. */
export function parseWorkedNumber(text: string): Parsed {
  return finalNumber(text)?.marker === 'hashes'
    ? { ok: true, value: text.trim() }
    : { ok: false, reason: `no line "#### number" at the end: ${quote(text.trim().slice(-60))}` };
}

/** Well formed: `#### number`. Correct: the same number, exactly, also where it was written otherwise. */
export function checkWorkedNumber(_: string, reference: string, answer: string): Verdict {
  if (answer.trim() === '') {
    return unanswered;
  }
  const said = finalNumber(answer);
  const right = finalNumber(reference);
  return {
    answered: true,
    wellFormed: said?.marker === 'hashes',
    correct: said !== null && right !== null && equal(said.value, right.value),
  };
}

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
      // <<48/2=24>> is for a calculator that no student here has.
      const answer = published.replace(/<<[^<>]{0,200}>>/g, '');
      if (finalNumber(answer)?.marker !== 'hashes') {
        return { ok: false, reason: `"answer" does not end in #### and a number: ${quote(answer.slice(-40))}` };
      }
      const steps = answer.split('\n').filter((line) => line.trim() !== '').length - 1;
      return { ok: true, row: { question, answer, stratum: steps >= 6 ? 'steps-6+' : `steps-${steps}` } };
    },
  };
}

/** One in five canonical forms belongs to the test side, so the pool and the test set cannot meet. */
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

/** Whoever it is about, the same things and numbers are the same problem. */
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
