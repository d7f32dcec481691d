import { powerLine } from './power-line';

test.each([
  [
    'what can be found, and what more seeds would cost',
    { seeds: 3, resolved: 3.26, chances: [{ seeds: 3, chance: 0.32 }, { seeds: 8, chance: 0.95 }] },
    'compares: arms with 3 random seeds, where a true difference of 0.03 with an s.d. of 0.02 over seeds is found in 32 % of experiments (8 seeds: 95 %, 1,000 rows more); in 80 %, one of 0.065',
  ],
  [
    'that one seed finds nothing',
    { seeds: 1, resolved: null, chances: [{ seeds: 5, chance: 0.71 }] },
    'compares: arms with one random seed, so no difference can be tested; how often a true difference of 0.03 with an s.d. of 0.02 over seeds would be found (5 seeds: 71 %, 2,400 rows more)',
  ],
])('an experiment says %s', (_, power, line) => expect(powerLine(power, 600)).toBe(line)); // biome-ignore format: cases
