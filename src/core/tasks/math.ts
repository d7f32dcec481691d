import type { TaskConfig } from '../config/schema';
import { readsFiles, textField } from './file-data';
import { finalAnswer, lastBoxed, tidy } from './final-answer';
import { parseWordProblem } from './gsm8k';
import { sameLatex } from './latex';
import { fill, type Prompts } from './prompts';
import { mathFiles } from './published-data';
import { type Parsed, quote, type SecondOpinion, type Task, type TaskFiles, unanswered, type Verdict } from './task';

export type MathOptions = Extract<TaskConfig, { kind: 'math' }>;

export const mathPrompts: Prompts = {
  question:
    'The following is a problem from a mathematics competition.\n\n{question}\n\n' +
    'Write one new problem of the same field and about the same difficulty, with another situation or other numbers. It has one answer, which is ' +
    'a number or an expression. Reply with the problem alone, in LaTeX where it has formulas.',
  answer: 'Solve this problem step by step.\n\n{question}\n\nPut the final answer, and nothing else, in \\boxed{}.',
  student: '{question}\n',
};

/** Competition mathematics (MATH, arXiv 2103.03874) at the levels that are wanted. */
export function math(options: MathOptions): Task {
  const { prompts } = options;
  return {
    promptVersion: 1,
    alphabet: null,
    tinyReads: 'characters',
    files: files(options),
    makeData: readsFiles,
    studentPrompt: (question) => fill(prompts.student, { question }),
    questionMessages: ({ question }) => [{ role: 'user', content: fill(prompts.question, { question }) }],
    answerMessages: (question) => [{ role: 'user', content: fill(prompts.answer, { question }) }],
    parseQuestion: (text) =>
      lastBoxed(text) === null
        ? parseWordProblem(text)
        : { ok: false, reason: 'the question holds its answer (\\boxed)' },
    parseAnswer: parseBoxed,
    check: checkBoxed,
    secondOpinion: mathOpinion,
    verify: null,
    stratum: (_, parent) => parent?.stratum ?? 'level-unknown',
    // Punctuation is meaning in a formula.
    canonical: (question) => tidy(question).toLowerCase().replace(/\s+/g, ''),
    novelty: 'near',
    hasOfflineTeacher: false,
  };
}

/** math-verify sees the boxed answer alone, so that no formula of the working is taken for it. */
export const mathOpinion: SecondOpinion = {
  op: 'verify-math',
  pair: (reference, answer) => ({ reference: `$${boxedOr(reference)}$`, answer: `$${boxedOr(answer)}$` }),
};

export function parseBoxed(text: string): Parsed {
  return (lastBoxed(tidy(text)) ?? '').trim() === ''
    ? { ok: false, reason: `no answer in \\boxed{}: ${quote(text.trim().slice(-60))}` }
    : { ok: true, value: text.trim() };
}

/** Well formed: something in `\boxed{}`. Correct: the same after normalising; equivalent forms are the second opinion's. */
export function checkBoxed(_: string, reference: string, answer: string): Verdict {
  const said = lastBoxed(tidy(answer))?.trim() ?? '';
  return answer.trim() === ''
    ? unanswered
    : { answered: true, wellFormed: said !== '', correct: said !== '' && sameLatex(boxedOr(reference), said) };
}

const boxedOr = (text: string) => (lastBoxed(tidy(text)) ?? finalAnswer(text)?.text ?? '').trim();

function files({ train, test, levels, pool_size, test_size }: MathOptions): TaskFiles {
  return {
    sizes: { pool: pool_size, test: test_size },
    train: train === undefined ? { published: mathFiles.train } : { path: train },
    test: test === undefined ? { published: mathFiles.test } : { path: test },
    readRecord: (record) => {
      const [question, answer, level] = ['problem', 'solution', 'level'].map((field) => textField(record, field));
      if (typeof question !== 'string' || typeof answer !== 'string' || typeof level !== 'string') {
        const reasons = [question, answer, level].flatMap((field) => (typeof field === 'object' ? [field.reason] : []));
        return { ok: false, reason: reasons.join('; ') };
      }
      const number = /^(?:Level )?([1-5?])$/.exec(level)?.[1];
      if (number === undefined) {
        return { ok: false, reason: `"level" is not 1 to 5, or "Level 1" to "Level 5": ${quote(level)}` };
      }
      if (!levels.includes(Number(number))) {
        return { ok: true, row: null };
      }
      return lastBoxed(answer) === null
        ? { ok: false, reason: '"solution" has no answer in \\boxed{}' }
        : { ok: true, row: { question, answer, stratum: `level-${number}` } };
    },
  };
}
