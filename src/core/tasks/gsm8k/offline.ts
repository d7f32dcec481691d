import { readRequest } from '../prompts';
import type { Procedure } from '../task';
import { gsm8kPrompts } from './schema';
import { drawWordProblem, numbersOf, readWordProblem, sayWordProblem, workWordProblem } from './templates';

/** The procedural teacher of templated word problems: the seed's template with other numbers, and its worked answer. */
export const answerWordProblem: Procedure = (messages, stream, errs) => {
  const request = readRequest(gsm8kPrompts, messages.at(-1)?.content ?? '');
  const problem = request === null ? null : readWordProblem(request.question);
  if (request === null || problem === null) {
    return null;
  }
  if (request.asks === 'question') {
    return sayWordProblem(drawWordProblem(stream, numbersOf(problem), problem.template));
  }
  const answer = workWordProblem(problem);
  const off = 1 + stream.integer(9);
  return errs ? answer.replace(/-?\d+$/, (right) => String(Number(right) + off)) : answer;
};
