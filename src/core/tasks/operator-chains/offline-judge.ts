import { readGradeRequest, writeMarks } from '../../strategies/judging';
import type { ChatMessage } from '../task';
import { parseExpression, workExpression } from './expressions';
import { checkOperatorChains } from './task';

/** The judge of operator-chains: the task's own check, as marks. `null` when the request is none of its. */
export function gradeOperatorChains(messages: readonly ChatMessage[]): string | null {
  const request = readGradeRequest(messages);
  const expression = request === null ? null : parseExpression(request.question);
  if (request === null || expression === null) {
    return null;
  }
  const right = workExpression(expression);
  const marks = request.answers.map((answer) => {
    const { correct, wellFormed } = checkOperatorChains(request.question, right, answer);
    return correct ? 10 : wellFormed ? 4 : 1;
  });
  return writeMarks(marks, `The right answer to ${request.question} is ${right}.`);
}
