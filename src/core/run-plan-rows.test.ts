import { parseConfigFile, type RunPlan } from './config';
import { plannedRows, plannedRowsOfAll } from './run-plan-rows';
import { unsteered } from './steering';

/** The runs of a file with four iterations of 300 rows, unless its text says otherwise. */
function plansOf(text: string): readonly RunPlan[] {
  const sizes = { iterations: 4, samples_per_iteration: 300 };
  const given = Object.entries(sizes).flatMap(([key, value]) => (text.includes(key) ? [] : [`${key}: ${value}`]));
  const file = ['name: demo', 'task: {kind: operator-chains}', 'teacher: {provider: offline}', ...given, text].join(
    '\n',
  );
  const parsed = parseConfigFile({ text: file, file: 'demo.yaml', sets: [] });
  if (!parsed.ok) {
    throw new Error(JSON.stringify(parsed.problems));
  }
  return parsed.runs;
}

const twoSeeds = 'matrix: {seed: [1, 2]}';
const sizes = 'iterations: 2\nmatrix: {samples_per_iteration: [10, 1000], seed: [1, 2]}';

it.each([
  ['iterations times rows', '', { total: 1200, fewest: 1200, most: 1200 }],
  ['its cap where that is lower', 'budget: {samples: 50}', { total: 50, fewest: 50, most: 50 }],
  ['no cap that is higher', 'budget: {samples: 5000}', { total: 1200, fewest: 1200, most: 1200 }],
  ['the sum of runs of one size', twoSeeds, { total: 2400, fewest: 1200, most: 1200 }],
  ['the sum of runs of different sizes', sizes, { total: 4040, fewest: 20, most: 2000 }],
  ["each run's own cap", `${sizes}\nbudget: {samples: 50}`, { total: 140, fewest: 20, most: 50 }],
  [
    'the cap of the experiment',
    `${twoSeeds}\nexperiment_budget: {samples: 2000}`,
    { total: 2000, fewest: 1200, most: 1200 },
  ],
  [
    'that cap for a single run of it too',
    `${sizes}\nexperiment_budget: {samples: 100}`,
    { total: 100, fewest: 20, most: 100 },
  ],
  [
    'no cap of an experiment where there is none',
    'experiment_budget: {samples: 7}',
    { total: 1200, fewest: 1200, most: 1200 },
  ],
])('the rows of a file are %s', (_, text, { total, ...perRun }) => {
  expect(plannedRowsOfAll(plansOf(text))).toEqual({ total, perRun });
});

it.each([
  ['more iterations', { iterations: 10 }, 50],
  ['fewer iterations', { iterations: 1, samplesCap: null }, 300],
  ['a higher cap', { samplesCap: 700 }, 700],
  ['no cap any more', { samplesCap: null }, 1200],
])('what was changed while a run works counts: %s', (_, change, rows) => {
  const [plan] = plansOf('budget: {samples: 50}') as [RunPlan];
  expect(plannedRows(plan.config, { ...unsteered, ...change })).toBe(rows);
});
