import { stableHash } from '../../core/random';
import type { Seed } from '../../core/records';
import type { Records } from '../artifacts/tables';
import { dataError } from './data-problems';

/** Examples are drawn from so many seeds, so that a pool larger than memory stays on disk. */
const BANK_SEEDS = 64;

/**
 * A pool whose seeds each carry `count` + 1 others, drawn by the run's random seed: enough for `count` examples of a seed
 * and the question that follows from it.
 * @throws TutelageError `usage` during iteration, where the pool has too few seeds
 */
export function withExamples(pool: Records<Seed>, count: number, runSeed: number): Records<Seed> {
  return {
    async *[Symbol.asyncIterator]() {
      const bank = await drawBank(pool, runSeed);
      if (bank.length < count + 2) {
        const message = `prompts.examples: ${count} needs at least ${count + 2} seed questions, got ${bank.length}`;
        throw dataError([{ file: 'task', line: null, message }]);
      }
      for await (const seed of pool) {
        const others = bank.filter(({ id }) => id !== seed.id);
        const drawn = smallest(others, count + 1, ({ id }) => stableHash('few-shot', runSeed, seed.id, id));
        yield { ...seed, examples: drawn.map(({ question, answer }) => ({ question, answer: answer ?? '' })) };
      }
    },
  };
}

async function drawBank(pool: Records<Seed>, runSeed: number): Promise<readonly Seed[]> {
  const rank = ({ id }: Seed) => stableHash('few-shot-bank', runSeed, id);
  let bank: Seed[] = [];
  for await (const seed of pool) {
    bank.push(seed);
    if (bank.length === 2 * BANK_SEEDS) {
      bank = smallest(bank, BANK_SEEDS, rank);
    }
  }
  return smallest(bank, BANK_SEEDS, rank);
}

const smallest = <T>(items: readonly T[], count: number, rank: (item: T) => number): T[] =>
  items
    .map((item) => [rank(item), item] as const)
    .sort(([left], [right]) => left - right)
    .slice(0, count)
    .map(([, item]) => item);
