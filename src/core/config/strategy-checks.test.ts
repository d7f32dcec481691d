import { parseConfigFile } from './parse-config-file';

const chains = 'name: demo\ntask: {kind: operator-chains}\n';
const words =
  'name: demo\ntask: {kind: jsonl, train: a.jsonl, test: b.jsonl, check: number}\nstudent: {base: ./model}\n';
const real = 'teacher: {provider: openai, model: big, price: {input: 1, output: 2}}\n';

describe('a strategy is refused where the file does not give what it needs, with what would work', () => {
  test.each<[string, string]>([
    [`${chains}strategy: reward\n`, 'score: reward needs reward_model: {base: <directory or hub id>}'],
    [`${chains}strategy: reward\n`, 'score: judge grades by prompt, and score: incorrect by the reference answer'],
    [`${words}${real}judge: {provider: offline}\nstrategy: judge\n`, 'provider: offline has none for task jsonl'],
    [
      `${chains}judge: {provider: openai}\nstrategy: lion\n`,
      'judge.model: missing: provider: openai needs a model name',
    ],
    [
      `${words}${real}judge: {model: small}\nbudget: {usd: 5}\nstrategy: judge\n`,
      'a cap in USD needs judge.price: {input, output}',
    ],
    [
      `${chains}strategy: {score: badge, select: top}\n`,
      'score: badge gives a gradient, not a number that select: top could use',
    ],
    [`${chains}strategy: {score: loss, select: kmeans++}\n`, 'select: kmeans++ needs gradients'],
    [
      `${chains}strategy: {score: loss, select: balanced}\n`,
      'select: balanced draws evenly from two halves of score: loss',
    ],
    [`${chains}strategy: {score: judge, target: reference}\n`, "score: judge always scores the student's own answer"],
  ])('%j: %s', (text, expected) => {
    const parsed = parseConfigFile({ text, file: 'demo.yaml', sets: [] });
    const messages = parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
    expect(messages.join('\n')).toContain(expected);
  });

  test.each([
    `${chains}strategy: judge\n`,
    `${chains}strategy: lion\n`,
    `${chains}reward_model: {base: ./grader}\nstrategy: reward\n`,
    `${words}${real}budget: {usd: 5}\nstrategy: judge\n`,
    `${words}${real}judge: {model: small, price: {input: 0.1, output: 0.2}}\nbudget: {usd: 5}\nstrategy: lion\n`,
    `${chains}strategy: {score: badge, target: reference, rescore: once}\n`,
  ])('%j is accepted', (text) => {
    const parsed = parseConfigFile({ text, file: 'demo.yaml', sets: [] });
    expect(parsed.ok ? [] : parsed.problems).toEqual([]);
  });
});
