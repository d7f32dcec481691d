import { readRequest } from '../prompts';
import type { Procedure } from '../task';
import { decide, readProblem } from './logic';
import { drawProblem, ontologyOf } from './ontologies';
import { prontoqaPrompts } from './schema';
import { sayProblem, workProblem } from './task';

/** The procedural teacher of prontoqa: a problem with the seed's number of hops, and its shortest proof. */
export const answerProntoqa: Procedure = (messages, stream, errs) => {
  const request = readRequest(prontoqaPrompts, messages.at(-1)?.content ?? '');
  const problem = request === null ? null : readProblem(request.question);
  const decided = problem === null || 'unread' in problem ? null : decide(problem);
  if (request === null || problem === null || 'unread' in problem || decided === null) {
    return null;
  }
  if (request.asks === 'answer') {
    const answer = workProblem(problem);
    return errs ? (answer?.replace(/\w+$/, decided.label ? 'False' : 'True') ?? null) : answer;
  }
  const hops = Math.max(1, Math.min(8, decided.hops));
  const isBare = problem.context.length <= decided.hops + 1;
  const options = { ontology: ontologyOf(problem.context), hops, ordering: 'random' as const };
  return sayProblem(drawProblem(stream, { ...options, distractors: isBare ? 'none' : 'relevant' }), stream);
};
