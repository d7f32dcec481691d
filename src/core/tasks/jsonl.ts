import type { TaskConfig } from '../config/schema';
import { matchAnswer } from './answer-pattern';
import { finalChoice } from './choices';
import { plainText, readsFiles, textField } from './file-data';
import { finalAnswer, tidy } from './final-answer';
import { parseWordProblem } from './gsm8k';
import { checkBoxed, mathOpinion } from './math';
import { finalNumber } from './numbers';
import { fill, type Prompts } from './prompts';
import { quote, type Task, type TaskFiles, unanswered, type Verdict } from './task';

export type JsonlOptions = Extract<TaskConfig, { kind: 'jsonl' }>;

export const jsonlPrompts: Prompts = {
  question:
    'This is a question.\n\n{question}\n\nWrite one new question of the same kind and about the same difficulty, with other content. ' +
    'Reply with the question alone.',
  answer:
    'Answer this question.\n\n{question}\n\nGive a short working, and the final answer on the last line, behind ####.',
  student: '{question}\n',
};

/** The user's own questions: a file with one a row, her columns, and one of five ways to compare answers. */
export function jsonl(options: JsonlOptions): Task {
  const { prompts } = options;
  const read = reader(options);
  const check = (question: string, reference: string, answer: string): Verdict =>
    options.check === 'math' ? checkMath(question, reference, answer) : compare(read, reference, answer);
  return {
    promptVersion: 1,
    alphabet: null,
    tinyReads: 'characters',
    files: files(options, read),
    makeData: readsFiles,
    studentPrompt: (question) => fill(prompts.student, { question }),
    questionMessages: ({ question, answer }) => [
      { role: 'user', content: fill(prompts.question, { question, answer: answer ?? '' }) },
    ],
    answerMessages: (question) => [{ role: 'user', content: fill(prompts.answer, { question }) }],
    parseQuestion: parseWordProblem,
    parseAnswer: (text) =>
      read(text) === null
        ? { ok: false, reason: `no answer that check: ${options.check} can read: ${quote(text.trim().slice(-60))}` }
        : { ok: true, value: text.trim() },
    check,
    secondOpinion: options.check === 'math' ? mathOpinion : null,
    verify: null,
    stratum: (_, parent) => parent?.stratum ?? 'all',
    canonical: plainText,
    novelty: 'near',
    hasOfflineTeacher: false,
  };
}

/** An answer in a form in which equal answers are equal texts; `null` when it cannot be read. */
type Reader = (text: string) => string | null;

function reader({ check, pattern }: JsonlOptions): Reader {
  switch (check) {
    case 'number':
      return (text) => {
        const value = finalNumber(text)?.value;
        return value === undefined ? null : `${value.numerator}/${value.denominator}`;
      };
    case 'choice':
      return finalChoice;
    case 'exact':
      return (text) => exactForm(finalAnswer(text)?.text ?? '') || null;
    case 'math':
      return (text) => finalAnswer(text)?.text ?? null;
    case 'regex':
      return (text) => matchAnswer(pattern ?? '', text);
  }
}

function compare(read: Reader, reference: string, answer: string): Verdict {
  if (answer.trim() === '') {
    return unanswered;
  }
  const said = read(answer);
  return { answered: true, wellFormed: said !== null, correct: said !== null && said === read(reference) };
}

/** Answers of the user's own need no box: what stands behind the marker, or on the last line, is put into one. */
function checkMath(question: string, reference: string, answer: string): Verdict {
  const boxed = (text: string) => (/\\(?:boxed|fbox)/.test(text) ? text : `\\boxed{${finalAnswer(text)?.text ?? ''}}`);
  return answer.trim() === '' ? unanswered : checkBoxed(question, boxed(reference), boxed(answer));
}

/** Case, quotes, spaces and a full stop aside. */
const exactForm = (text: string) =>
  tidy(text)
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/^["'`*]+|["'`*.]+$/g, '')
    .trim();

function files({ train, test, question, answer, stratum, ...sizes }: JsonlOptions, read: Reader): TaskFiles {
  return {
    train: { path: train },
    test: { path: test },
    sizes: { pool: sizes.pool_size, test: sizes.test_size },
    readRecord: (record) => {
      const fields = [question, answer, ...(stratum === undefined ? [] : [stratum])].map((field) =>
        textField(record, field),
      );
      const reasons = fields.flatMap((field) => (typeof field === 'string' ? [] : [field.reason]));
      if (reasons.length > 0) {
        return { ok: false, reason: reasons.join('; ') };
      }
      const [asked, answered, group = 'all'] = fields as string[];
      return read(answered as string) === null
        ? { ok: false, reason: `"${answer}" cannot be read as task.check says: ${quote(answered as string)}` }
        : { ok: true, row: { question: asked as string, answer: answered as string, stratum: group } };
    },
  };
}
