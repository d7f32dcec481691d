import { runConfigSchema } from './config/schema';
import { powerOfPlan } from './power-of-plan';
import { resolveStrategy } from './strategies';

const plan = (strategy: 'random' | 'loss', seed: number) => ({
  config: runConfigSchema.parse({
    name: 'demo',
    task: { kind: 'operator-chains' },
    strategy: resolveStrategy(strategy),
    iterations: 1,
    samples_per_iteration: 10,
    budget: {},
    seed,
  }),
});

test('an experiment says what its seeds can show, and what more of them could', () => {
  const power = powerOfPlan([1, 2, 3].flatMap((seed) => [plan('random', seed), plan('loss', seed)]));
  expect(power?.seeds).toBe(3);
  expect(power?.resolved).toBeGreaterThan(2.5);
  expect(power?.chances.map(({ seeds, chance }) => [seeds, Number(chance.toFixed(2))])).toEqual([
    [3, 0.32],
    [5, 0.71],
    [8, 0.95],
  ]);
});

test('one seed resolves nothing, and one strategy compares nothing', () => {
  expect(powerOfPlan([plan('random', 1), plan('loss', 1)])).toMatchObject({ seeds: 1, resolved: null });
  expect(powerOfPlan([plan('loss', 1), plan('loss', 2)])).toBeNull();
});
