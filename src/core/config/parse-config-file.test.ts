import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import { configDifference, configJsonSchema, formatProblems, parseConfigFile, resolvedYaml } from '.';
import { runConfigSchema } from './schema';

const smallest = 'name: demo\ntask: {kind: operator-chains}\n';

function problemsOf(text: string, sets: string[] = []): string {
  const parsed = parseConfigFile({ text, file: 'demo.yaml', sets });
  return parsed.ok ? 'no problem' : formatProblems(parsed.problems);
}

function runsOf(text: string, sets: string[] = []) {
  const parsed = parseConfigFile({ text, file: 'demo.yaml', sets });
  if (!parsed.ok) {
    throw new Error(formatProblems(parsed.problems));
  }
  return parsed.runs;
}

function firstOf(text: string, sets: string[] = []) {
  const [plan] = runsOf(text, sets);
  if (plan === undefined) {
    throw new Error('no run');
  }
  return plan;
}

describe('a file that is right', () => {
  test('without a matrix is one run of its name, with every default filled in', () => {
    const [plan, ...others] = runsOf(smallest);
    expect(others).toEqual([]);
    expect(plan).toMatchObject({ run: 'demo', experiment: null, labels: {} });
    expect(plan?.config.student.warm_up).toEqual({ rows: 600, steps: 250 });
    expect(plan?.config.strategy).toMatchObject({ name: 'loss', score: 'loss', target: 'own', keep: 'high' });
    expect(plan?.config.teacher.base_url).toBeUndefined();
  });

  test('of the quickstart has six runs, and the measured recipe', () => {
    const text = readFileSync('config/quickstart.yaml', 'utf8');
    const parsed = parseConfigFile({ text, file: 'config/quickstart.yaml', sets: [] });
    expect(parsed).toMatchObject({ ok: true, config: { name: 'quickstart', parallel_runs: 2 } });
    const runs = runsOf(text);
    expect(runs.map(({ run }) => run)).toEqual([
      'quickstart/random-1',
      'quickstart/random-2',
      'quickstart/random-3',
      'quickstart/loss-1',
      'quickstart/loss-2',
      'quickstart/loss-3',
    ]);
    expect(runs[3]).toMatchObject({ experiment: 'quickstart', labels: { strategy: 'loss', seed: '1' } });
    expect(runs[3]?.config).toMatchObject({ seed: 1, iterations: 4, samples_per_iteration: 300 });
    expect(runs[3]?.config.student.finetune).toMatchObject({ method: 'full', epochs: 10, learning_rate: 0.003 });
  });

  test('gives openai its address, unless another is given', () => {
    const openai = `${smallest}teacher: {provider: openai, model: gpt-4o-mini}\n`;
    expect(firstOf(openai).config.teacher.base_url).toBe('https://api.openai.com/v1');
    const local = ['teacher.base_url=http://127.0.0.1:8000/v1'];
    expect(firstOf(openai, local).config.teacher.base_url).toBe('http://127.0.0.1:8000/v1');
  });

  test('gives a model directory no warm-up', () => {
    expect(firstOf(smallest, ['student.base=./models/small']).config.student.warm_up).toBeUndefined();
    expect(firstOf(smallest, ['student.warm_up={rows: 100}']).config.student.warm_up).toEqual({
      rows: 100,
      steps: 250,
    });
  });
});

describe('--set', () => {
  test('overrides the file, makes mappings on the way, and removes with null', () => {
    const { config } = firstOf(`${smallest}seed: 7\nbudget: {samples: 5}\n`, [
      'seed=3',
      'student.finetune.epochs=5',
      'budget=null',
      'strategy={score: entropy, target: reference}',
    ]);
    expect(config.seed).toBe(3);
    expect(config.student.finetune.epochs).toBe(5);
    expect(config.budget).toEqual({ on_exhausted: 'finish' });
    expect(config.strategy.name).toBe('entropy-reference');
  });

  test('reaches into the matrix', () => {
    expect(runsOf(smallest, ['matrix.student.finetune.epochs=[1, 2]']).map(({ run }) => run)).toEqual([
      'demo/1',
      'demo/2',
    ]);
  });

  test.each([
    [['seed'], '--set seed: expected path=value, such as --set student.finetune.epochs=5'],
    [['seed=[1'], '--set seed=[1: seed: the value is not YAML: [1'],
    [['seed=x'], '--set seed=x: seed: expected a whole number, got "x"'],
    [['sead=1'], '--set sead=1: sead: unknown key\n  did you mean: seed'],
    [['name=null'], '--set name=null: name: missing: expected a text'],
    [
      ['name.first=x'],
      '--set name.first=x: name.first: leads through a key that holds no mapping; set that key as a whole, such as --set "key={a: 1}"',
    ],
    [['matrix.seed=[1, 2]', 'seed=5'], '--set seed=5: seed: the matrix varies this key; use --set "matrix.seed=[...]"'],
  ])('%j is refused by its own name', (sets, expected) => {
    expect(problemsOf(smallest, sets)).toBe(expected);
  });
});

describe('the matrix', () => {
  test.each<[string, string[]]>([
    ['{seed: [1, 2], strategy: [random, loss]}', ['demo/1-random', 'demo/1-loss', 'demo/2-random', 'demo/2-loss']],
    [
      '{strategy: [{score: loss, keep: low}, {score: entropy, select: sample}]}',
      ['demo/loss-low', 'demo/entropy-sample'],
    ],
    ['{student.finetune.learning_rate: [1e-3, 0.003]}', ['demo/0.001', 'demo/0.003']],
    ['{student.base: [./models/Qwen2.5-0.5B/, tiny]}', ['demo/qwen2.5-0.5b', 'demo/tiny']],
    ['{student.finetune: [{epochs: 1}, {epochs: 2}]}', ['demo/value-1', 'demo/value-2']],
    [
      '{task: [{kind: jsonl, train: a, test: b, check: exact}, {kind: jsonl, train: c, test: d, check: text}, {kind: prontoqa}], teacher: [{provider: openai, model: m}]}',
      ['demo/jsonl-exact-value-1', 'demo/jsonl-text-value-1', 'demo/prontoqa-value-1'],
    ],
    [
      '{task: [{kind: jsonl, train: a/arc.jsonl, test: b, check: choice}, {kind: jsonl, train: b/mmlu.parquet, test: b, check: choice}], teacher: [{provider: openai, model: m}]}',
      ['demo/jsonl-choice-arc-value-1', 'demo/jsonl-choice-mmlu-value-1'],
    ],
    ['{}', ['demo']],
  ])('%s', (matrix, expected) => {
    expect(runsOf(`${smallest}matrix: ${matrix}\n`).map(({ run }) => run)).toEqual(expected);
  });

  test.each([
    ['{sed: [1]}', 'demo.yaml:3:10: matrix.sed: unknown key', 'did you mean: seed'],
    ['{name: [a]}', 'demo.yaml:3:10: matrix.name: name is the same for all runs of a file'],
    ['{seed: []}', 'demo.yaml:3:16: matrix.seed: expected a list of at least 1, got []'],
    ['{seed: 1}', 'demo.yaml:3:16: matrix.seed: expected a list, got 1'],
    ['{seed: [1, x]}', 'demo.yaml:3:20: seed: expected a whole number, got "x"'],
    ['{seed: [1, 1]}', 'demo.yaml:3:1: matrix: two combinations would both be named demo/1'],
    ['{student.base: [./a/m, ./b/m]}', 'demo.yaml:3:1: matrix: two combinations would both be named demo/m'],
    ['{strategy: [loss, lss]}', 'demo.yaml:3:27: strategy: expected one of random, loss,', 'did you mean: loss'],
    ['{strategy: [{score: loss, kep: low}]}', 'demo.yaml:3:35: strategy.kep: unknown key', 'did you mean: keep'],
    ['{strategy: [{score: random, select: top}]}', 'strategy.select: score: random has no scores'],
    ['{student: [{}], student.base: [tiny]}', 'the matrix also varies student as a whole'],
    ['{seed: [1, x], sed: [2], iterations: [0]}', 'matrix.sed', 'seed: expected a whole', 'iterations: expected'],
  ])('%s is refused', (matrix, ...expected) => {
    const problems = problemsOf(`${smallest}matrix: ${matrix}\n`);
    for (const text of expected) {
      expect(problems).toContain(text);
    }
  });

  test('of too many runs is refused before it is expanded', () => {
    const values = `[${Array.from({ length: 100 }, (_, index) => index + 1).join(', ')}]`;
    const matrix = `matrix: {seed: ${values}, iterations: ${values}, samples_per_iteration: ${values}}\n`;
    expect(problemsOf(smallest + matrix)).toContain('expected at most 500 runs, this matrix has 1000000');
  });

  test('cannot lead through a preset', () => {
    const text = `${smallest}strategy: loss\nmatrix: {strategy.keep: [high, low]}\n`;
    expect(problemsOf(text)).toContain('leads through strategy, which is a preset here; vary strategy as a whole');
  });
});

describe('problems', () => {
  test('come all at once, in the order of the file', () => {
    const text = [
      'name: My Run',
      'task: {kind: operator-chain}',
      'teacher:',
      '  provder: openai',
      '  price: {input: -1}',
      'student: {finetune: {epoch: 10, method: lore, batch_size: 1.5}, base: ""}',
      'iterations: -3',
      'budget: 5',
      'parallel_runs: 0',
      'unheard_of: 1',
    ].join('\n');
    expect(problemsOf(text)).toMatchInlineSnapshot(`
"demo.yaml:1:7: name: expected at most 100 lower-case letters, digits, dots, dashes and underscores, got "My Run"
  1 | name: My Run
            ^
demo.yaml:2:14: task.kind: expected one of operator-chains, gsm8k, math, prontoqa, game24, jsonl, got "operator-chain"
  2 | task: {kind: operator-chain}
                   ^
  did you mean: operator-chains
demo.yaml:4:3: teacher.provder: unknown key
  4 |   provder: openai
        ^
  did you mean: provider
demo.yaml:5:3: teacher.price.output: missing: expected a number
  5 |   price: {input: -1}
        ^
demo.yaml:5:18: teacher.price.input: expected a number at least 0, got -1
  5 |   price: {input: -1}
                       ^
demo.yaml:6:22: student.finetune.epoch: unknown key
  6 | student: {finetune: {epoch: 10, method: lore, batch_size: 1.5}, base: ""}
                           ^
  did you mean: epochs
demo.yaml:6:41: student.finetune.method: expected one of full, lora, got "lore"
  6 | student: {finetune: {epoch: 10, method: lore, batch_size: 1.5}, base: ""}
                                              ^
  did you mean: lora
demo.yaml:6:59: student.finetune.batch_size: expected a whole number, got 1.5
  6 | student: {finetune: {epoch: 10, method: lore, batch_size: 1.5}, base: ""}
                                                                ^
demo.yaml:6:71: student.base: expected a text that is not empty, got ""
  6 | student: {finetune: {epoch: 10, method: lore, batch_size: 1.5}, base: ""}
                                                                            ^
demo.yaml:7:13: iterations: expected a number above 0, got -3
  7 | iterations: -3
                  ^
demo.yaml:8:9: budget: expected a mapping, got 5
  8 | budget: 5
              ^
demo.yaml:9:16: parallel_runs: expected a number above 0, got 0
  9 | parallel_runs: 0
                     ^
demo.yaml:10:1: unheard_of: unknown key; known here: name, task, teacher, student, judge, reward_model, iterations, samples_per_iteration, budget, hygiene, seed, evaluate, analyses, strategy, matrix, parallel_runs, experiment_budget, notify
  10 | unheard_of: 1
       ^"
`);
  });

  test.each([
    ['task: {kind: operator-chains}', 'demo.yaml:1:1: name: missing: expected a text'],
    [`name: demo\ntask: {}`, 'demo.yaml:2:1: task.kind: missing: expected one of operator-chains'],
    ['', 'got nothing'],
    ['- a', 'got something else'],
    ['name: [', 'demo.yaml:1:8: not YAML: '],
    ['name: a\nname: b', 'demo.yaml:2:1: not YAML: Map keys must be unique'],
    [`${smallest}seed:\n`, 'seed: expected a whole number, got nothing'],
    [`${smallest}strategy: 3\n`, 'strategy: expected one of random, loss,'],
    [
      `${smallest}strategy: {score: los}\n`,
      'strategy.score: expected one of random, loss, entropy, boundary, incorrect, reward, judge, lion, badge, got "los"',
    ],
    [
      `${smallest}strategy: {score: loss, select: uniform}\n`,
      'demo.yaml:3:33: strategy.select: select: uniform does not look',
    ],
    [`${smallest}budget: {usd: 5}\n`, 'demo.yaml:3:15: budget.usd: a cap in USD needs teacher.price'],
    [`${smallest}experiment_budget: {usd: 5}\n`, 'experiment_budget.usd: a cap in USD needs teacher.price'],
    [
      `${smallest}budget: {tokens: 100}\n`,
      'budget.tokens: too small for even one row, which may take up to 8864 tokens; got 100: raise it',
    ],
    [
      `${smallest}teacher: {price: {input: 1, output: 100}}\nbudget: {usd: 0.1}\n`,
      'budget.usd: too small for even one row, which may cost up to $0.2',
    ],
    [`${smallest}budget: {samples: -1}\n`, 'budget.samples: expected a number above 0, got -1'],
    [`${smallest}teacher: {provider: openai}\n`, 'demo.yaml:3:1: teacher.model: missing: provider: openai needs'],
    [
      'name: a\ntask: {kind: gsm8k, numbers: small}\nteacher: {provider: openai, model: m}\n',
      'task.numbers: only for source: templates',
    ],
    [`${smallest}student: {warm_up: {rows: 4000}}\n`, 'expected at most task.pool_size, which is 3000, got 4000'],
    [
      `${smallest}student: {base: ./m, finetune: {include_base_rows: true}}\n`,
      'student.finetune.include_base_rows: without student.warm_up there are no base rows',
    ],
    [`name: demo\ntask: {kind: operator-chains, step_weights: [0, 0]}`, 'at least one weight above 0'],
  ])('%j: %s', (text, expected) => {
    expect(problemsOf(text)).toContain(expected);
  });
});

describe('a resolved configuration', () => {
  test('says of every value where it came from', () => {
    const text = `${smallest}strategy: entropy\nmatrix: {seed: [4, 5]}\nstudent:\n  finetune:\n    epochs: 7\n`;
    const yaml = resolvedYaml(firstOf(text, ['iterations=2']));
    const expected = [
      'name: demo # demo.yaml:1',
      'step_weights: [ 1 ] # default',
      'epochs: 7 # demo.yaml:7',
      'iterations: 2 # --set iterations=2',
      'seed: 4 # matrix, demo.yaml:4',
      'score: entropy # preset entropy, demo.yaml:3',
    ];
    for (const line of expected) {
      expect(yaml).toContain(line);
    }
  });

  test('is read back as it was, whatever was set', () => {
    const sets = fc.record({
      seed: fc.nat(),
      iterations: fc.integer({ min: 1, max: 100 }),
      'student.finetune.learning_rate': fc.double({ min: 1e-6, max: 1, noNaN: true }),
      'student.base': fc.string({ minLength: 1 }),
      strategy: fc.constantFrom('random', 'loss', 'true-loss', 'entropy', 'incorrect', 'loss-low'),
      'budget.samples': fc.integer({ min: 1, max: 1_000_000_000 }),
    });
    void fc.assert(
      fc.property(sets, (values) => {
        const plan = firstOf(
          smallest,
          Object.entries(values).map(([path, value]) => `${path}=${JSON.stringify(value)}`),
        );
        expect(plan.config.student.base).toBe(values['student.base']);
        expect(runConfigSchema.parse(parse(resolvedYaml(plan)))).toEqual(plan.config);
        expect(configDifference(plan.config, plan.config)).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  test('is distinguished from another by key path', () => {
    const before = firstOf(smallest, ['budget.samples=5']).config;
    const after = firstOf(smallest, ['seed=2', 'student.base=./m', 'strategy=random']).config;
    expect(configDifference(before, after)).toEqual([
      { path: 'student.base', before: 'tiny', after: './m' },
      { path: 'student.warm_up.rows', before: 600, after: undefined },
      { path: 'student.warm_up.steps', before: 250, after: undefined },
      { path: 'budget.samples', before: 5, after: undefined },
      { path: 'seed', before: 1, after: 2 },
      { path: 'strategy.score', before: 'loss', after: 'random' },
      { path: 'strategy.select', before: 'top', after: 'uniform' },
      { path: 'strategy.name', before: 'loss', after: 'random' },
    ]);
  });
});

describe('the documentation', () => {
  test('every key of the JSON schema has a description or is a mapping', () => {
    const bare: string[] = [];
    const walk = (node: ReturnType<typeof configJsonSchema>, path: string): void => {
      const isBare = node.description === undefined && !(node.properties || node.oneOf || node.anyOf);
      if (isBare) {
        bare.push(path);
      }
      for (const form of [node, ...(node.oneOf ?? []), ...(node.anyOf ?? [])]) {
        for (const [key, inner] of Object.entries(form.properties ?? {})) {
          walk(inner as typeof node, `${path}.${key}`);
        }
      }
    };
    walk(configJsonSchema(), '');
    expect(bare).toEqual([]);
  });
});

describe('a file that was made to harm', () => {
  const nines = (name: string) => Array.from({ length: 9 }, () => name).join(', ');
  test.each([
    [`a: &a [${nines('x')}]\nb: &b [${nines('*a')}]\nc: &c [${nines('*b')}]\nname: [${nines('*c')}]\n`, 'its aliases'],
    ['name: &a [*a]\n', 'an alias (*name) refers to a value that it is a part of'],
    [`${smallest}matrix: {__proto__: [1, 2]}\n`, 'matrix.__proto__: unknown key'],
  ])('is refused in a sentence: %#', (text, says) => {
    expect(problemsOf(text)).toContain(says);
  });

  test.each(['matrix.__proto__=[1]', '__proto__.a=1', 'teacher.__proto__=1', 'matrix.constructor=[1]'])(
    '--set %s is an unknown key',
    (set) => {
      expect(problemsOf(smallest, [set])).toContain('unknown key');
      expect(({} as { a?: unknown }).a).toBeUndefined();
    },
  );
});
