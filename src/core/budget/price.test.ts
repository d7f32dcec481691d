import type { TeacherConfig } from '../config/schema';
import { capsOf, priceList, priceNanoUsd, worstCase } from './price';

const usage = (inputTokens: number, outputTokens: number, cachedTokens = 0) => ({
  ...{ inputTokens, outputTokens, cachedTokens, reasoningTokens: 0, estimated: false },
});

test('a price is exact to the nano-USD and rounded up once', () => {
  expect(priceNanoUsd(usage(1000, 500), { input: 0.15, output: 0.6 })).toBe(450_000);
  expect(priceNanoUsd(usage(1, 0), { input: 0.0375, output: 0 })).toBe(38);
  expect(priceNanoUsd(usage(1_000_000, 1_000_000), { input: 15, output: 75 })).toBe(90e9);
});

test('cached tokens have their own price where there is one', () => {
  expect(priceNanoUsd(usage(1000, 0, 400), { input: 1, output: 1, cached_input: 0.1 })).toBe(640_000);
  expect(priceNanoUsd(usage(1000, 0, 400), { input: 1, output: 1 })).toBe(1_000_000);
});

describe('what is written to the cache has its own price where there is one', () => {
  /** Claude Sonnet's list: a write costs a quarter more than input, a read a tenth of it. */
  const price = { input: 3, output: 15, cached_input: 0.3, cache_write: 3.75 };
  test.each([
    // 2,000 as input, 1,000 read, 500 written, 30 of output: 6,000 + 300 + 1,875 + 450 millionths of a USD.
    ['beside reads', { ...usage(3500, 30, 1000), cacheWriteTokens: 500 }, price, 8_625_000],
    [
      'at the price of input without one',
      { ...usage(3500, 0), cacheWriteTokens: 500 },
      { input: 3, output: 15 },
      10_500_000,
    ],
    ['never more than the input that was not read', { ...usage(100, 0, 80), cacheWriteTokens: 90 }, price, 99_000],
    ['rounded up once, with all the rest', { ...usage(3, 1, 1), cacheWriteTokens: 1 }, price, 22_050],
  ])('%s', (_, used, list, nanoUsd) => {
    expect(priceNanoUsd(used, list)).toBe(nanoUsd);
  });
});

describe('a batch job is paid at', () => {
  const teacher = (batch_discount: number, price: TeacherConfig['price'], mode: TeacherConfig['mode'] = 'batch') =>
    ({ batch_discount, price, mode }) as TeacherConfig;
  const live = { input: 3, output: 15, cached_input: 0.3, cache_write: 3.75 };
  const used = { ...usage(3500, 30, 1000), cacheWriteTokens: 500 };
  test.each([
    ['the live prices, asked live', teacher(0.5, live, 'live'), 8_625_000],
    ['half of every live price', teacher(0.5, live), 4_312_500],
    ['a tenth less', teacher(0.1, live), 7_762_500],
    ['nothing', teacher(1, live), 0],
    // Without a cache's price of their own, reads and writes of a batch cost its input: 3,500 + 210 millionths of a USD.
    [
      'prices of its own, and no discount on them',
      teacher(0.5, { ...live, batch: { input: 1, output: 7 } }),
      3_710_000,
    ],
    ['prices of its own for the cache', teacher(0.5, { ...live, batch: { ...live, cache_write: 2 } }), 7_750_000],
    ['nothing without a price list', teacher(0.5, undefined), 0],
  ])('%s', (_, config, nanoUsd) => {
    expect(priceNanoUsd(used, priceList(config))).toBe(nanoUsd);
  });
});

test('the worst case is never below the true price, and at one kind of input it is that price', () => {
  const prices = [
    { input: 1, output: 2 },
    { input: 1, output: 2, cached_input: 0.1 },
    { input: 1, output: 2, cached_input: 3 },
    { input: 3, output: 15, cached_input: 0.3, cache_write: 3.75 },
  ];
  for (const price of prices) {
    const worst = worstCase(100, 50, price);
    const paid = [0, 1, 50, 100].flatMap((cached) =>
      [0, 1, 50, 100].map((cacheWriteTokens) => priceNanoUsd({ ...usage(100, 50, cached), cacheWriteTokens }, price)),
    );
    expect(Math.max(...paid)).toBe(worst.nanoUsd);
  }
});

test('a budget of the file becomes whole caps', () => {
  expect(capsOf({ samples: 10, usd: 0.29 })).toEqual({ samples: 10, tokens: null, nanoUsd: 290_000_000 });
});
