import type { Task } from '../tasks/task';
import { nearShare, WordingSample } from './near-share';

const task: Pick<Task, 'novelty' | 'newPart'> = { novelty: 'near' };

function shareOf(seeds: readonly string[], tests: readonly string[], near = 0.8) {
  const sampleOf = (questions: readonly string[]) => {
    const sample = new WordingSample(task);
    questions.forEach((question) => {
      sample.see(question);
    });
    return sample;
  };
  return nearShare(task, near, { seeds: sampleOf(seeds), tests: sampleOf(tests) });
}

/** Unlike each other: no two share a word. */
const unlike = (count: number, set = 'a') =>
  Array.from({ length: count }, (_, index) => [1, 2, 3, 4, 5].map((word) => `${set}${index}x${word}`).join(' '));
const template = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `Tom has ${from + index} apples and buys ten more. How many has he now?`);

test('questions that share no words are not near', () => {
  expect(shareOf(unlike(50), unlike(10, 'b'))).toEqual({
    ...{
      near: 0.8,
      asked: 50,
      among: { seeds: 50, tests: 10 },
      toSeeds: 0,
      toTests: 0,
      isHigh: false,
      suggested: null,
    },
  });
});

test('a template that differs in its numbers is near itself, and only a higher hygiene.near keeps it apart', () => {
  expect(shareOf(template(50), template(10, 1000))).toMatchObject({ toSeeds: 1, toTests: 1, suggested: 0.95 });
  expect(shareOf(template(50), unlike(5), 1)).toMatchObject({ toSeeds: 0, suggested: null });
});

test('shares count the seeds that are near any other, to each other and to the test set', () => {
  const found = shareOf([...template(4), ...unlike(6)], [...template(1, 99), ...unlike(3, 'b')]);
  expect(found).toMatchObject({ toSeeds: 0.4, toTests: 0.4 });
  expect(shareOf([...template(1), ...unlike(9)], unlike(3, 'b'))).toMatchObject({ toSeeds: 0, toTests: 0 });
});

test('equal words count as near also at 1', () => {
  const rows = ['is 2 + 2 = 4?', 'is 2 + 2 = 4 !', ...unlike(2)];
  expect(shareOf(rows, unlike(1, 'b'), 1)).toMatchObject({ toSeeds: 0.5, isHigh: true, suggested: null });
});

test('nothing is measured where new questions are not compared by wording', () => {
  const none = new WordingSample({});
  expect(nearShare({ novelty: 'exact' }, 0.8, { seeds: none, tests: none })).toBeNull();
});

test('of a large file a sample is compared, in bounded time, with about the same share', () => {
  const start = performance.now();
  const seeds = [...template(4000), ...unlike(6000)];
  const found = shareOf(seeds, template(3000, 50_000));
  expect(found).toMatchObject({ asked: 500, among: { seeds: 2000, tests: 2000 } });
  expect(found?.toSeeds).toBeGreaterThan(0.34);
  expect(found?.toSeeds).toBeLessThan(0.46);
  expect(performance.now() - start).toBeLessThan(15_000);
});

test('texts of a megabyte are compared by their ends, and few of them', () => {
  const words = 'the same long preface of every question '.repeat(25_000);
  const found = shareOf(
    Array.from({ length: 30 }, (_, index) => `${index} ${words} ${index}`),
    unlike(3, 'b'),
  );
  expect(found).toMatchObject({ asked: 30, among: { seeds: 30, tests: 3 }, toSeeds: 1, toTests: 0 });
});
