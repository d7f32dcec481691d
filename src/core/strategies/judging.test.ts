import { judgeOf } from '../config/judge-of';
import type { Seed } from '../records';
import { gradeRequests, readGradeRequest, readMarks, writeMarks } from './judging';

const seed: Seed = { id: 'a', question: 'What is 2+2?\n\n[Answer]\nno', answer: 'It is 4.', stratum: 'all' };

describe('marks', () => {
  test.each<[string, number | null]>([
    ['It is right.\nGrade: 9', 9],
    ['Grade: 10', 10],
    ['Good.\n**Grade: 7**', 7],
    ['Good.\n**Grade:** 7/10', 7],
    ['> grade: 7.5.\n\n', 7.5],
    ['Grade: 3\nOn reflection it is better.\nGrade: 8', 8],
    // What follows is no mark.
    ['Grade: 3, or rather more', null],
    ['Grade: 0', null],
    ['Grade: 11', null],
    ['Grade: -3', null],
    ['Grade: 100', null],
    ['Grade: seven', null],
    ['Grade: 7 8', null],
    ['Grade: N', null],
    ['I would say 7', null],
    ['Grade: 7\nThat is my view.', null],
    ['', null],
  ])('%j is %s', (text, student) => {
    expect(readMarks('alone', text)).toEqual(student === null ? null : { student, reference: null });
  });

  test.each<[string, [number, number] | null]>([
    ['Scores: 9 4', [9, 4]],
    ['Both fine.\nscore: 9, 4', [9, 4]],
    ['**Scores: 8/10 6/10**', [8, 6]],
    ['Scores: 8', null],
    ['Scores: 8 6 7', null],
    ['Scores: 8 -6', null],
    ['Scores: A B', null],
    ['Scores: 8 six', null],
    ['9 4', null],
  ])('of two answers, %j is %j, whichever stands first', (text, marks) => {
    const [first, second] = marks ?? [];
    expect(readMarks('reference-first', text)).toEqual(marks && { reference: first, student: second });
    expect(readMarks('student-first', text)).toEqual(marks && { reference: second, student: first });
  });

  test('are read as they are written', () => {
    expect(readMarks('alone', writeMarks([4], 'Because.'))).toEqual({ student: 4, reference: null });
    expect(readMarks('student-first', writeMarks([4, 9], 'Because.'))).toEqual({ student: 4, reference: 9 });
  });
});

describe('requests', () => {
  test('of a judge show the answer alone, and never the reference', () => {
    const [request, ...more] = gradeRequests('judge', { ...seed, question: 'What is 2+2?' }, 'Five.') ?? [];
    expect(more).toEqual([]);
    expect(readGradeRequest(request?.messages ?? [])).toEqual({ question: 'What is 2+2?', answers: ['Five.'] });
    expect(JSON.stringify(request)).not.toContain('It is 4.');
  });

  test('of Lion are two, with the count exchanged; without a reference there is none', () => {
    const requests = gradeRequests('lion', { ...seed, question: 'What is 2+2?' }, 'Five.') ?? [];
    expect(requests.map(({ order, messages }) => [order, readGradeRequest(messages)?.answers])).toEqual([
      ['reference-first', ['It is 4.', 'Five.']],
      ['student-first', ['Five.', 'It is 4.']],
    ]);
    expect(gradeRequests('lion', { ...seed, answer: null }, 'Five.')).toBeNull();
  });

  test('of others are none of these', () => {
    expect(readGradeRequest([{ role: 'user', content: 'What is 2+2?' }])).toBeNull();
  });
});

describe('the judge', () => {
  const teacher = {
    ...{ provider: 'openai' as const, model: 'big', base_url: 'http://a/v1', api_key_env: 'KEY', temperature: 1 },
    ...{ max_tokens: 1024, price: { input: 1, output: 2 }, max_parallel_requests: 8, timeout_seconds: 30 },
  } as never;

  test('is the teacher, cooler, shorter and never in batches, unless the file says otherwise', () => {
    expect(judgeOf({ teacher, judge: undefined })).toEqual({
      ...(teacher as object),
      temperature: 0.2,
      max_tokens: 512,
      mode: 'live',
    });
  });

  test('of another model has no price but its own', () => {
    const judge = { model: 'small', temperature: 0, max_tokens: 99 };
    expect(judgeOf({ teacher, judge })).toMatchObject({ ...judge, base_url: 'http://a/v1', api_key_env: 'KEY' });
    expect(judgeOf({ teacher, judge }).price).toBeUndefined();
    expect(judgeOf({ teacher, judge: { ...judge, provider: 'offline', model: undefined } })).toMatchObject({
      provider: 'offline',
      model: 'offline',
    });
  });
});
