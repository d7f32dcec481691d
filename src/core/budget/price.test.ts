import { capsOf, priceNanoUsd, worstCase } from './price';

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

test('the worst case is never below the true price, wherever the tokens were cached', () => {
  for (const cached_input of [0.1, 3]) {
    const price = { input: 1, output: 2, cached_input };
    const worst = worstCase(100, 50, price);
    for (const cached of [0, 1, 50, 100]) {
      expect(priceNanoUsd(usage(100, 50, cached), price)).toBeLessThanOrEqual(worst.nanoUsd);
    }
  }
});

test('a budget of the file becomes whole caps', () => {
  expect(capsOf({ samples: 10, usd: 0.29 })).toEqual({ samples: 10, tokens: null, nanoUsd: 290_000_000 });
});
