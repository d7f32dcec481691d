import { gradeMath, mathCheck } from '../checks/math';
import { readsFiles, textField } from '../file-data';
import { fill } from '../prompts';
import { mathFiles } from '../published-data';
import { lastBoxed } from '../reading/marked-candidates';
import { tidy } from '../reading/plain-text';
import { parseQuestionText } from '../reading/question-text';
import { type Parsed, quote, type Task, type TaskFiles } from '../task';
import type { MathOptions } from './schema';

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
    questionMessages: ({ question, answer }) => [
      { role: 'user', content: fill(prompts.question, { question, answer: answer ?? '' }) },
    ],
    answerMessages: (question) => [{ role: 'user', content: fill(prompts.answer, { question }) }],
    parseQuestion: (text) =>
      lastBoxed(text) === null
        ? parseQuestionText(text)
        : { ok: false, reason: 'the question holds its answer (\\boxed)' },
    parseAnswer: parseBoxed,
    check: (_, reference, answer) => gradeMath(reference, answer),
    secondOpinion: mathCheck.secondOpinion,
    verify: null,
    stratum: (_, parent) => parent?.stratum ?? 'level-unknown',
    // Punctuation is meaning in a formula.
    canonical: (question) => tidy(question).toLowerCase().replace(/\s+/g, ''),
    novelty: 'near',
    hasOfflineTeacher: false,
  };
}

export function parseBoxed(text: string): Parsed {
  return (lastBoxed(tidy(text)) ?? '').trim() === ''
    ? { ok: false, reason: `no answer in \\boxed{}: ${quote(text.trim().slice(-60))}` }
    : { ok: true, value: text.trim() };
}

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
