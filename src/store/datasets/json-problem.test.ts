import { jsonProblem } from './json-problem';

it.each([
  ['{"question": "broken', 'is not valid JSON: the line ends in the middle of a value'],
  ['{"question": [1,', 'is not valid JSON: the line ends in the middle of a value'],
  ['{question: 1}', 'is not valid JSON: unexpected text at column 2'],
  ['{"a": 1} {"a": 2}', 'is not valid JSON: unexpected text at column 10'],
  ['{"a": "\\x"}', 'is not valid JSON: unexpected text at column 9'],
  ['not', /^is not valid JSON/],
])('%s', (line, expected) => {
  const explain = () => {
    try {
      return JSON.parse(line);
    } catch (error) {
      return jsonProblem(line, error);
    }
  };
  expect(explain()).toEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected));
});
