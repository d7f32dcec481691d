import { parseConfigFile } from './parse-config-file';

const file = (hygiene: string, teacher = '{}') =>
  `name: demo\ntask: {kind: operator-chains}\nteacher: ${teacher}\nhygiene: ${hygiene}\n`;

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
])('%j is refused: %s', (text, expected) => expect(problemsOf(text)).toContain(expected));

test.each([file('{verify: agreement}'), file('{verify: agreement, answers: 5, agree: 1}')])('%j is accepted', (text) =>
  expect(problemsOf(text)).toBe(''),
);
