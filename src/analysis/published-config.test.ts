import { formatProblems, parseConfigFile } from '../core/config';
import { csvOf } from './data/columns';
import { publishedConfig } from './published-config';

test('a published configuration names files and models of this machine without their folders', () => {
  const text = `
name: a
task: {kind: jsonl, train: /home/alice/data/seeds.jsonl, test: /home/alice/data/test.jsonl, check: exact}
teacher: {provider: openai, model: m, system: /no_think, price: {input: 1, output: 1}}
student: {base: /home/alice/models/own}
`;
  const parsed = parseConfigFile({ text, file: 'a.yaml', sets: [] });
  if (!parsed.ok) {
    throw new Error(formatProblems(parsed.problems));
  }
  const published = JSON.stringify(parsed.runs.map(({ config }) => publishedConfig(config)));
  expect(published).not.toContain('alice');
  expect(published).toContain('"seeds.jsonl"');
  expect(published).toContain('"own"');
  expect(published).toContain('"/no_think"');
});

test.each([
  ['=1+1', "'=1+1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['+49', "'+49"],
  ['-x', "'-x"],
  ['\t=1', "'\t=1"],
  ['a=1', 'a=1'],
])('the text %j is the CSV field %j', (text, field) => {
  const column = { name: 'text', type: 'string' as const, meaning: '', value: (line: string) => line };
  expect(csvOf([column], [text])).toBe(`text\r\n${field}\r\n`);
});

test('a negative number stays a number in CSV', () => {
  const column = { name: 'number', type: 'number' as const, meaning: '', value: (line: number) => line };
  expect(csvOf([column], [-0.5])).toBe('number\r\n-0.5\r\n');
});
