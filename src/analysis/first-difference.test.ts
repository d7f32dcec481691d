import { firstDifference, knownThen } from './first-difference';

const check = (claim: string, left: unknown, right: unknown, path: string | null) =>
  test(claim, () => expect(firstDifference(left, right)?.path ?? null).toBe(path));

describe('the first difference of two values', () => {
  check('is none where only the order of keys differs', { a: 1, b: [2] }, { b: [2], a: 1 }, null);
  check('is named by its path', { runs: [{ curve: [1, 2] }] }, { runs: [{ curve: [1, 3] }] }, 'runs[0].curve[1]');
  check('may be a key that is missing', { a: { b: 1 } }, { a: {} }, 'a.b');
  check('may be a key that is too many', { a: {} }, { a: { b: 1 } }, 'a.b');
  check('may be the end of a list', [1], [1, 2], '[1]');
  check('is not hidden by null', { a: null }, { a: {} }, 'a');
});

test('what an earlier version could not tell is left out, in every item of a list', () => {
  expect(knownThen({ list: [{ a: 1 }] }, { list: [{ a: 2, b: 3 }, { c: 4 }], more: 5 })).toEqual({
    list: [{ a: 2 }, { c: 4 }],
  });
});
