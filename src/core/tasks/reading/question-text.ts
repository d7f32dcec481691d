import { type Parsed, quote } from '../task';

/** A question that stands for itself is longer, unless the task's own seeds are shorter. */
const QUESTION_CHARACTERS_MIN = 10;

/**
 * A question in free text: something, and not its own answer.
 * @param charactersMin 1 where questions may be as short as `2 + 2`
 */
export function parseQuestionText(text: string, charactersMin = QUESTION_CHARACTERS_MIN): Parsed {
  const question = text
    .trim()
    .replace(/^\**(?:new )?(?:question|problem)\**\s{0,3}:\**\s{0,3}/i, '')
    .trim();
  if (question.length < charactersMin) {
    return { ok: false, reason: `no question: ${quote(question)}` };
  }
  return question.includes('####')
    ? { ok: false, reason: 'the question holds its answer (####)' }
    : { ok: true, value: question };
}
