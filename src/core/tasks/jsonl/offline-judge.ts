import { readJudgeRequest } from '../checks/judge';
import { textCheck } from '../checks/text';
import type { ChatMessage } from '../task';

const number = /\d+(?:[.,]\d+)*/g;
/** The most that an answer gets which lacks a number of its reference. */
const FAILING = 0.4;

/**
 * A judge without a model, to try a judged task out: it looks at the words that an answer has in common with its reference,
 * and at its numbers, and cannot know the rubric. `null` when the request is none of its.
 */
export function gradeOpenAnswer(messages: readonly ChatMessage[]): string | null {
  const request = readJudgeRequest(messages);
  if (request === null) {
    return null;
  }
  const { question, reference, answer, scale } = request;
  const { score: likeness = 0 } = textCheck({ measure: 'token-f1' }).grade(reference, answer);
  const said = new Set(answer.match(number));
  const missing = [...new Set(reference.match(number))].find((one) => !said.has(one));
  // Many words in common do not make up for another amount or date.
  const score = missing === undefined ? likeness : Math.min(likeness, FAILING);
  const lacks = missing === undefined ? '' : ` It does not say ${missing}.`;
  const view = `The answer to ${JSON.stringify(question.slice(0, 60))} has ${Math.round(100 * likeness)} % of its words in common with the reference.${lacks}`;
  return `${view}\n${scale === 'pass' ? `Verdict: ${score >= 0.5 ? 'PASS' : 'FAIL'}` : `Grade: ${1 + Math.round(9 * score)}`}`;
}
