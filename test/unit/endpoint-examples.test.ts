import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfigFile } from '../../src/core/config';

const text = readFileSync(join(__dirname, '../../docs/endpoints.md'), 'utf8');
const examples = [...text.matchAll(/^## (.*)\n\n```yaml\n([^`]*)```/gm)].map(([, name = '', yaml = '']) => [
  name,
  yaml,
]);

test('each endpoint that people use has an example', () => {
  expect(examples.map(([name]) => name)).toEqual([
    ...['OpenAI', 'Azure', 'OpenRouter', 'DeepSeek', 'Mistral', 'Gemini', 'vLLM', 'Ollama'],
  ]);
});

test.each(examples)('the example for %s is a valid section, for a teacher and a judge', (_, yaml = '') => {
  const file = `name: a\ntask: {kind: operator-chains}\n${yaml}`;
  expect(parseConfigFile({ text: file, file: 'a.yaml', sets: [] })).toMatchObject({ ok: true });
  const judge = file.replace('\nteacher:', '\njudge:');
  expect(parseConfigFile({ text: judge, file: 'a.yaml', sets: [] })).toMatchObject({ ok: true });
});
