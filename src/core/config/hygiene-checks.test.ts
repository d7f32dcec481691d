import { parseConfigFile } from './parse-config-file';

const file = (hygiene: string, teacher = '{}') =>
  `name: demo\ntask: {kind: operator-chains}\nteacher: ${teacher}\nhygiene: ${hygiene}\n`;

/** The user's own questions with one of the checks. */
const own = (check: string, hygiene: string, more = 'stratum: group') => `
name: demo
task: {kind: jsonl, train: a.jsonl, test: b.jsonl, check: ${check}, ${more}}
teacher: {provider: openai, model: m}
hygiene: ${hygiene}
judge: {model: m}
`;

function problemsOf(text: string): string {
  const parsed = parseConfigFile({ text, file: 'demo.yaml', sets: [] });
  return parsed.ok ? '' : parsed.problems.map(({ path, message }) => `${path}: ${message}`).join('\n');
}

test.each([
  [file('{verify: agreement, answers: 1}'), 'hygiene.answers: expected'],
  [file('{verify: agreement, answers: 2.5}'), 'hygiene.answers: expected'],
  [file('{verify: agreement, agree: 0.5}'), 'hygiene.agree: expected'],
  [file('{answers: 3}'), 'hygiene.answers: only for verify: agreement, got verify: none'],
  [file('{verify: checker, agree: 0.9}'), 'hygiene.agree: only for verify: agreement, got verify: checker'],
  [
    file('{verify: agreement}', '{temperature: 0}'),
    'hygiene.verify: verify: agreement compares several answers, which are all equal at temperature 0',
  ],
  [own('command', '{verify: agreement}', 'command: {run: [check]}'), 'hygiene.verify: agreement compares answers'],
  [own('judge', '{verify: agreement}', 'judge: {rubric: kind}'), 'hygiene.verify: agreement compares answers'],
  [own('judge', '{verify: checker}', 'judge: {rubric: kind}'), 'hygiene.verify: the task jsonl cannot check an answer'],
  [own('number', '{verify: checker}'), 'or a program of your own (check: command)'],
])('%j is refused: %s', (text, expected) => expect(problemsOf(text)).toContain(expected));

test.each([
  own('command', '{verify: checker}', 'command: {run: [check]}'),
  own('number', '{verify: agreement}'),
  file('{verify: agreement}'),
  file('{verify: agreement, answers: 5, agree: 1}'),
])('%j is accepted', (text) => expect(problemsOf(text)).toBe(''));
