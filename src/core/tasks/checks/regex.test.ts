import { patternProblem, regexCheck } from './regex';

test.each([
  ['a*b*c*', 'matches the empty text'],
  ['(yes|no)?', 'matches the empty text'],
  ['', 'matches the empty text'],
  ['(', 'missing closing )'],
  ['(?=a)b', 'no look-around'],
  ['(a)\\1', 'no back references'],
  ['a'.repeat(2001), 'at most 2000 characters'],
])('%s is refused', (pattern, problem) => expect(patternProblem(pattern)).toContain(problem));

/** What holds a backtracking engine for hours takes RE2 a moment. */
test.each(['(a+)+$', '(a|a)*b', '([a-zA-Z]+)*\\d', '(.*)*x', '(x+x+)+y', '.*.*=.*', '\\d{4}-\\d{2}-\\d{2}'])(
  '%s is allowed, and takes no text long',
  (pattern) => {
    expect(patternProblem(pattern)).toBeNull();
    const startMs = performance.now();
    for (const text of ['a', 'x', '1', 'ab ']) {
      regexCheck(pattern).readAnswer(`${text.repeat(5000)}!`);
    }
    expect(performance.now() - startMs).toBeLessThan(5000);
  },
);

test.each<[pattern: string, flags: readonly ('i' | 'm' | 's')[], text: string, found: string | null]>([
  ['[Aa]nswer: *([A-E])', [], 'Well.\nAnswer: C\n', 'C'],
  ['answer: *([a-e])', ['i'], 'ANSWER: C', 'C'],
  ['(yes|no|maybe)', [], 'no, or rather\nyes', 'yes'],
  ['([-+]?[0-9]+\\.?[0-9]*)', [], 'so 3\nit is -2.50 in all', '-2.50'],
  ['\\d{4}-\\d{2}-\\d{2}', [], 'It was on 2024-05-01.', '2024-05-01'],
  ['BEGIN(.+)END', ['s'], 'BEGIN\na\nEND', 'a'],
  ['x', [], 'none', null],
])('%s with flags %j finds in %j: %s', (pattern, flags, text, found) => {
  const read = regexCheck(pattern, flags).readAnswer(text);
  expect(read.ok ? read.value : null).toBe(found);
});
