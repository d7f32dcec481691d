import type { Procedure } from '../task';
import { formatExpression, workExpression } from './expressions';
import { readOperatorChainsRequest, withFreshDigits } from './task';

/** The procedural teacher of operator-chains: the seed's operators with fresh digits, and correct working. */
export const answerOperatorChains: Procedure = (messages, stream, errs) => {
  const request = readOperatorChainsRequest(messages);
  if (request === null) {
    return null;
  }
  if (request.asks === 'question') {
    return formatExpression(withFreshDigits(request.expression, stream));
  }
  const answer = workExpression(request.expression);
  return errs ? answer.replace(/\d$/, (right) => String((Number(right) + 1 + stream.integer(9)) % 10)) : answer;
};
