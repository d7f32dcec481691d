import { demoExperiment } from '../../../test/support/run-records';
import { experimentResults } from '../results';
import { overlaps } from './overlaps';

const { runs } = experimentResults('demo', demoExperiment());

/** Runs of two arms under random seed 1, whose accepted rows come from these seeds. */
function armRuns(parents: Readonly<Record<'random' | 'loss', readonly string[]>>) {
  return (['random', 'loss'] as const).flatMap((arm) => {
    const result = runs.find(({ labels }) => labels.strategy === arm && labels.seed === 1);
    const lines = parents[arm].map((parent) => ({ verdict: 'accepted', iteration: 1, parent }));
    return result === undefined ? [] : [{ arm, result, rows: { lines } as never }];
  });
}

const seeds = Array.from({ length: 20 }, (_, index) => `pool-${index}`);

test('two arms that pick nearly the same seeds are told', () => {
  const found = overlaps(armRuns({ random: seeds, loss: [...seeds.slice(0, 19), 'other'] }));
  expect(found).toEqual([{ arm: 'random', other: 'loss', seeds: 1, share: 0.95 }]);
});

test('arms that do not, or that pick one seed again and again, are not', () => {
  expect(overlaps(armRuns({ random: seeds, loss: [...seeds.slice(0, 15), ...'abcde'] }))).toEqual([]);
  expect(overlaps(armRuns({ random: seeds, loss: seeds.map(() => 'pool-0') }))).toEqual([]);
  expect(overlaps(armRuns({ random: [], loss: [] }))).toEqual([]);
});
