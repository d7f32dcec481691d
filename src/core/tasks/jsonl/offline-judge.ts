import { readJudgeRequest } from '../checks/judge';
import { textCheck } from '../checks/text';
import type { ChatMessage } from '../task';

/**
 * A judge without a model, to try a judged task out: it looks at the words that an answer has in common with its reference
 * and cannot know the rubric. `null` when the request is none of its.
 */
export function gradeOpenAnswer(messages: readonly ChatMessage[]): string | null {
  const request = readJudgeRequest(messages);
  if (request === null) {
    return null;
  }
  const { question, reference, answer, scale } = request;
  const { score = 0 } = textCheck({ measure: 'token-f1' }).grade(reference, answer);
  const view = `The answer to ${JSON.stringify(question.slice(0, 60))} has ${Math.round(100 * score)} % of its words in common with the reference.`;
  return `${view}\n${scale === 'pass' ? `Verdict: ${score >= 0.5 ? 'PASS' : 'FAIL'}` : `Grade: ${1 + Math.round(9 * score)}`}`;
}
