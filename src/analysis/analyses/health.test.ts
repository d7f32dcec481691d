import { demoExperiment } from '../../../test/support/run-records';
import { taskSchema } from '../../core/tasks/registry';
import type { RowLine } from '../data/row-line';
import { experimentResults } from '../results';
import { health } from './health';

const questions = [
  'How many apples does Tom have after he buys three more?',
  'How many apples does Ann have after she buys three more?',
  'A train leaves at noon and drives for two hours. How far does it get?',
  'How many apples does Tom have after he buys three more?',
];

const lines = questions.map((question, rank) => ({
  ...{ iteration: 1, rank, verdict: 'accepted', parent: `seed-${rank}`, question, answer: '1', score: null },
})) as unknown as RowLine[];

function healthOf(task: object) {
  const { arms, runs } = experimentResults('demo', demoExperiment().slice(0, 1));
  const [result] = runs as [(typeof runs)[number]];
  const config = { ...result.config, task: taskSchema.parse(task) };
  const rows = { run: result.run, strata: new Map(), lines, diagnoses: null, poolAnswers: [], verdicts: [] };
  return health(arms, [{ arm: 'random', result: { ...result, config }, rows }])[0];
}

test('near duplicates are found by their wording, equal ones by their form', () => {
  const own = { kind: 'jsonl', train: 'a', test: 'b', check: 'exact' };
  expect(healthOf(own)).toMatchObject({ rows: 4, distinctSeeds: 4, duplicates: 1, nearDuplicates: 2 });
});

test('where questions are alike by their making, nearness is not counted', () => {
  expect(healthOf({ kind: 'gsm8k', source: 'templates' })?.nearDuplicates).toBeNull();
});
