import { readGradeRequest, writeMarks } from '../../../src/core/strategies/judging';
import type { Procedure } from '../../../src/core/tasks/task';
import { answerTo } from './task';

export const answerToy: Procedure = (messages, stream) => {
  const text = messages.at(-1)?.content ?? '';
  if (text.startsWith('toy, another number')) {
    return String(200 + stream.integer(500));
  }
  return text.startsWith('toy, twice: ') ? answerTo(text.slice('toy, twice: '.length)) : null;
};

export const gradeToy: Procedure = (messages) => {
  const request = readGradeRequest(messages);
  return request === null || !/^\d+$/.test(request.question)
    ? null
    : writeMarks(
        request.answers.map((answer) => (answer === answerTo(request.question) ? 10 : 1)),
        'Said twice.',
      );
};
