import { judged, type Task, unanswered } from '../../../src/core/tasks/task';
import type { ToyOptions } from './schema';

export const answerTo = (question: string) => `${question} ${question}`;

export function toy({ pool_size, test_size }: ToyOptions): Task {
  const seeds = (set: string, size: number, from: number) =>
    Array.from({ length: size }, (_, index) => {
      const question = String(from + index);
      return { id: `${set}-${index}`, question, answer: answerTo(question), stratum: 'all' };
    });
  return {
    promptVersion: 1,
    alphabet: '0123456789 ',
    tinyReads: 'characters',
    files: null,
    makeData: () => ({ pool: seeds('pool', pool_size, 100), tests: { test: seeds('test', test_size, 5000) } }),
    studentPrompt: (question) => question,
    questionMessages: ({ question }) => [{ role: 'user', content: `toy, another number than ${question}` }],
    answerMessages: (question) => [{ role: 'user', content: `toy, twice: ${question}` }],
    parseQuestion: (text) => (/^\d+$/.test(text) ? { ok: true, value: text } : { ok: false, reason: 'no number' }),
    parseAnswer: (text) => ({ ok: true, value: text }),
    check: (question, _, answer) =>
      answer === '' ? unanswered : judged(answer, answer === answerTo(question), /^\d+ \d+$/.test(answer)),
    secondOpinion: null,
    verify: (question, answer) => answer === answerTo(question),
    stratum: () => 'all',
    canonical: (question) => question,
    novelty: 'exact',
    hasOfflineTeacher: true,
  };
}
