import { matchAnswer, patternProblem } from './answer-pattern';

/** Patterns that hold a backtracking engine for hours, and how each is refused. */
const catastrophic: [pattern: string, problem: string][] = [
  ['(a+)+$', 'a repeated group'],
  ['(a|a)*$', 'a repeated group'],
  ['(a|aa)+$', 'a repeated group'],
  ['([a-zA-Z]+)*\\d', 'a repeated group'],
  ['(.*)*x', 'a repeated group'],
  ['^(\\w+\\s?)*$', 'a repeated group'],
  ['(?:a+){10}', 'a repeated group'],
  ['((ab)*)*c', 'a repeated group'],
  ['(\\(a)+', 'a repeated group'],
  ['(x?){50}x{50}', 'a repeated group'],
  ['(?=(a+))\\1b', 'back references'],
  ['(?<n>a+)\\k<n>', 'back references'],
  ['.*.*=.*', 'at most 2 repetitions'],
  ['a*?b*?c*?d', 'at most 2 repetitions'],
  ['a{1,100}b{1,100}c{1,100}', 'at most 2 repetitions'],
  [`${'x?'.repeat(26)}${'x'.repeat(26)}`, 'beside 0 repetitions at most 12 choices (?, |), got 26'],
  [`${'(a|a)'.repeat(22)}b`, 'beside 0 repetitions at most 12 choices (?, |), got 22'],
  ['.*a?a?a?.*', 'beside 2 repetitions at most 2 choices'],
  ['a{1000000}', 'lines are read by their last 200 characters'],
  ['a'.repeat(301), 'at most 300 characters'],
  ['(', 'Invalid regular expression'],
];

test.each(catastrophic)('%s is refused', (pattern, problem) => expect(patternProblem(pattern)).toContain(problem));

/** The dearest that is allowed: every limit used up, each way ending in a mismatch. */
const dearest = [
  'a{1,200}a{1,200}b',
  '[^]*[^]*z',
  '.*?.*?x',
  '\\p{L}+\\p{L}+\\d',
  '\\w*a?a?\\w*\\d',
  'a?a?.*.*\\d',
  '(a|a)(a|a)\\w+\\w+\\d',
  `${'a?'.repeat(6)}a*\\d`,
  `${'a?'.repeat(12)}\\d`,
  `${'(a|a)'.repeat(12)}\\d`,
  '(?=.*a)(?=.*b)x',
  '(?<!a*)b',
  '(?<=a+)b+c',
];
const texts = ['a', 'ab', 'a b', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n', '='].flatMap((piece) =>
  ['', '!', 'b'].map((end) => `${piece.repeat(250)}${end}\n`.repeat(10)),
);

/** No row may hold up the loop. Measured: 40 ms for the dearest pattern and text. */
const ROW_MS_MAX = 1000;

test.each(dearest)('%s is allowed, and no text takes it long', (pattern) => {
  expect(patternProblem(pattern)).toBeNull();
  for (const text of texts) {
    const startMs = performance.now();
    matchAnswer(pattern, text);
    expect(performance.now() - startMs).toBeLessThan(ROW_MS_MAX);
  }
});

test.each([
  ['[Aa]nswer: *([A-E])', 'Well.\nAnswer: C\n', 'C'],
  ['(yes|no|maybe)', 'no, or rather\nyes', 'yes'],
  ['([-+]?[0-9]+\\.?[0-9]*)', 'so 3\nit is -2.50 in all', '-2.50'],
  ['(?:total|sum) is ([0-9]+)', 'the total is 12\n\n', '12'],
  ['x', 'none', null],
])('%s finds in %j: %s', (pattern, text, found) => {
  expect(patternProblem(pattern)).toBeNull();
  expect(matchAnswer(pattern, text)).toBe(found);
});
