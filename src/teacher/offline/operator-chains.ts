import type { RandomStream } from '../../core/random';
import { readOperatorChainsRequest, withFreshDigits } from '../../core/tasks/operator-chains';
import { formatExpression, workExpression } from '../../core/tasks/operator-expressions';
import type { ChatMessage } from '../../core/tasks/task';

/** The procedural teacher of operator-chains: the seed's operators with fresh digits, and correct working. */
export function answerOperatorChains(messages: readonly ChatMessage[], stream: RandomStream): string | null {
  const request = readOperatorChainsRequest(messages);
  if (request === null) {
    return null;
  }
  return request.asks === 'question'
    ? formatExpression(withFreshDigits(request.expression, stream))
    : workExpression(request.expression);
}
