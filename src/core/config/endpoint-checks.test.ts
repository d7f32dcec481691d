import { configDifference } from './difference';
import { parseConfigFile } from './parse-config-file';

const parse = (teacher: string, rest = '', sets: string[] = []) =>
  parseConfigFile({
    text: `name: a\ntask: {kind: operator-chains}\nteacher: {provider: openai, model: m, ${teacher}}\n${rest}`,
    ...{ file: 'a.yaml', sets },
  });

const problemsOf = (...given: Parameters<typeof parse>) => {
  const parsed = parse(...given);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
};

const configOf = (...given: Parameters<typeof parse>) => {
  const parsed = parse(...given);
  if (!parsed.ok) {
    throw new Error(JSON.stringify(parsed.problems));
  }
  const [run] = parsed.runs;
  return run === undefined ? {} : run.config;
};

test.each([
  'parameters: {reasoning_effort: low, top_p: 0.9, stop: ["\\n\\n"], seed: null, temperature: null}',
  'parameters: {chat_template_kwargs: {enable_thinking: false}, provider: {order: [a, b], zdr: null}}',
  'headers: {X-Title: my run, HTTP-Referer: "https://example.org", api-key: {env: AZURE_KEY}}',
  'query: {api-version: preview, beta: true}',
  'system: Be brief.',
  'price: {input: 1, output: 2, cached_input: 0.1, cache_write: 1.25, batch: {input: 0.5, output: 1}}',
])('what endpoints need is taken: %s', (teacher) => {
  expect(problemsOf(teacher)).toEqual([]);
  expect(problemsOf('', `judge: {${teacher}}`)).toEqual([]);
});

test.each([
  ['parameters: {model: x}', 'teacher.parameters.model: tutelage sets model itself: set model'],
  ['parameters: {messages: []}', 'teacher.parameters.messages: tutelage sets messages itself'],
  ['parameters: {max_tokens: null}', 'teacher.parameters.max_tokens: tutelage sets max_tokens itself'],
  ['parameters: {max_completion_tokens: 9}', 'max_tokens_parameter: max_completion_tokens'],
  ['parameters: {stream: true}', 'replies are read whole'],
  ['parameters: {n: 2}', 'one answer is read from each reply'],
  ['parameters: {temperature: 0.5}', 'here temperature can only be left out, with null: set temperature'],
  ['parameters: {seed: 7}', 'here seed can only be left out, with null'],
  ['parameters: {top_p: .inf}', 'teacher.parameters.top_p'],
  ['parameters: [1]', 'teacher.parameters: expected a mapping'],
  ['headers: {"a b": c}', 'expected the name of a header'],
  ['headers: {Content-Length: "3"}', 'tutelage sets the header Content-Length itself'],
  ['headers: {X-A: "1", x-a: "2"}', 'the same header twice'],
  ['headers: {X-A: "line\\nbreak"}', 'expected printable ASCII'],
  ['headers: {Authorization: Basic abc}', 'use {env: NAME}'],
  ['headers: {X-Api-Key: abc}', 'use {env: NAME}'],
  ['headers: {X-A: {env: ""}}', 'teacher.headers.X-A'],
  ['query: {api_key: abc}', 'a secret does not belong in a file'],
  ['base_url: "https://a.example/v1?api-version=1"', 'move its query to teacher.query'],
  ['base_url: "https://me:secret@a.example/v1"', 'without a user or password'],
  ['base_url: "https://a.example/v1/chat/completions"', '/chat/completions is added to it'],
  ['timeout_seconds: 2147484', 'expected a number at most 86400'],
  ['max_tokens: 9007199254740991', 'expected a number at most 10000000'],
  ['price: {input: 1e300, output: 1}', 'expected a number at most 10000'],
])('what cannot work is refused before money is spent: %s', (teacher, message) => {
  expect(problemsOf(teacher).join('\n')).toContain(message);
});

test('the judge has the same keys, with the same checks', () => {
  const judge =
    'judge: {max_tokens_parameter: max_completion_tokens, parameters: {stream: true}, timeout_seconds: 1e9}';
  expect(problemsOf('', judge).join('\n')).toContain('judge.timeout_seconds: expected a number at most 86400');
  expect(problemsOf('', 'judge: {parameters: {stream: true}}').join('\n')).toContain('judge.parameters.stream');
  expect(problemsOf('', 'judge: {max_tokens_parameter: max_completion_tokens}')).toEqual([]);
});

describe('--set', () => {
  test('with null on an unknown key is an error, with what was meant', () => {
    const parsed = parse('', '', ['teacher.tempreature=null']);
    expect(parsed).toMatchObject({
      ok: false,
      problems: [{ path: 'teacher.tempreature', message: 'unknown key', didYouMean: 'temperature' }],
    });
    expect(problemsOf('', '', ['nothing=null'])).toEqual(['nothing: unknown key']);
  });

  test('with null removes a known key, also one that is not written', () => {
    expect(configOf('system: hello', '', ['teacher.system=null'])).not.toHaveProperty('teacher.system');
    expect(problemsOf('', '', ['teacher.system=null', 'budget.usd=null'])).toEqual([]);
  });

  test('with null in parameters leaves the field out of requests', () => {
    expect(configOf('', '', ['teacher.parameters.seed=null'])).toHaveProperty('teacher.parameters', { seed: null });
    expect(configOf('', '', ['teacher.parameters.a.b.c=1'])).toHaveProperty('teacher.parameters.a.b.c', 1);
  });

  test('a matrix varies a field of the body', () => {
    const matrix = 'matrix: {teacher.parameters.reasoning_effort: [low, high]}';
    const parsed = parse('', matrix);
    expect(parsed.ok && parsed.runs.map(({ config }) => config.teacher.parameters)).toEqual([
      { reasoning_effort: 'low' },
      { reasoning_effort: 'high' },
    ]);
  });
});

test('leaving a field out is a change of the configuration', () => {
  const [before, after] = [parse(''), parse('parameters: {seed: null, extra: {}}')];
  if (!before.ok || !after.ok || before.runs[0] === undefined || after.runs[0] === undefined) {
    throw new Error('both are valid');
  }
  const paths = configDifference(before.runs[0].config, after.runs[0].config).map(({ path }) => path);
  expect(paths).toEqual(['teacher.parameters.seed', 'teacher.parameters.extra']);
});

test.each([
  ['http://me:word@llm.example/v1', 'expected a URL without a user or password'],
  ['http://me@llm.example/v1', 'expected a URL without a user or password'],
  ['https://llm.example/v1?', 'move its query to teacher.query'],
  ['https://llm.example/v1?key=a', 'move its query to teacher.query'],
  ['file:///etc/passwd', 'expected a URL such as'],
  ['ftp://llm.example/v1', 'expected a URL such as'],
])('the address %s is refused', (address, says) => {
  expect(problemsOf(`base_url: "${address}"`)).toEqual([expect.stringContaining(says)]);
});
