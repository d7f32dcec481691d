import type { RandomStream } from '../../random';
import { readRequest } from '../prompts';
import { workArithmetic } from '../reading/arithmetic';
import { equal } from '../reading/rational';
import type { Procedure } from '../task';
import { solvableHands, solveHand, target } from './hands';
import { game24Prompts } from './schema';
import { formatHand, readHand } from './task';

/** The procedural teacher of game24: a hand that needs the same operations as the seed's, and a way to 24. */
export const answerGame24: Procedure = (messages, stream, errs) => {
  const request = readRequest(game24Prompts, messages.at(-1)?.content ?? '');
  const hand = request === null ? null : readHand(request.question);
  const solution = hand === null ? null : solveHand(hand);
  if (request === null || solution === null) {
    return null;
  }
  if (request.asks === 'question') {
    return formatHand(stream.pick(solvableHands().filter(({ need }) => need === solution.need)).hand);
  }
  return errs ? spoil(solution.expression, stream) : solution.expression;
};

/** Another operator somewhere, so that the value is not 24. */
function spoil(expression: string, stream: RandomStream): string {
  const variants = [...expression.matchAll(/ [-+*/] /g)].flatMap(({ index }) =>
    ['+', '-', '*', '/'].map(
      (operator) => `${expression.slice(0, index + 1)}${operator}${expression.slice(index + 2)}`,
    ),
  );
  const wrong = variants.filter((variant) => {
    const worked = workArithmetic(variant);
    return worked !== null && !equal(worked.value, target);
  });
  return stream.pick(wrong);
}
