import type { BudgetConfig, TeacherConfig } from '../config/schema';

/**
 * Money is counted in whole nano-USD (1e-9 USD): a call's price is rounded up once, when it is computed, and from then
 * on only added. Coarser units would round cheap tokens up too far; nano-USD are exact up to 9 million USD.
 */
export interface TokenUsage {
  /** All tokens of the prompt, the cached ones included. */
  readonly inputTokens: number;
  readonly cachedTokens: number;
  /** Of the input, those written to the cache, where the endpoint counts them; else none. */
  readonly cacheWriteTokens?: number;
  /** All tokens of the reply, the reasoning ones included. */
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  /** The reply did not say, or said what cannot be true; the counts are upper bounds. */
  readonly estimated: boolean;
  /** The endpoint reported a hundred times the worst case or more; the worst case was booked instead. */
  readonly isAbsurd?: boolean;
}

/** Upper bound of one call, in tokens of both directions and in money. */
export interface WorstCase {
  readonly tokens: number;
  readonly nanoUsd: number;
}

/** The amount that files and people read: USD, as a number. */
export const usdOf = (nanoUsd: number): number => nanoUsd / 1e9;

/** An amount in USD as people read it everywhere: with two decimals, or as many as a small amount needs. */
export function formatUsd(usd: number): string {
  const size = Math.abs(usd);
  return `${usd < 0 ? '-' : ''}$${size.toFixed(size === 0 || size >= 0.1 ? 2 : size >= 0.001 ? 4 : 6)}`;
}

/** Adds amounts in USD in whole nano-USD, so that the sum has no rounding error of binary fractions. */
export const sumUsd = (amounts: readonly number[]): number =>
  usdOf(amounts.reduce((sum, usd) => sum + Math.round(usd * 1e9), 0));

/** Limits of an account; `null` where there is none. */
export interface Caps {
  readonly samples: number | null;
  readonly tokens: number | null;
  readonly nanoUsd: number | null;
}

/** The configured budget as caps. Fractions of a nano-USD are dropped. */
export function capsOf(budget: Pick<BudgetConfig, 'samples' | 'tokens' | 'usd'>): Caps {
  return {
    samples: budget.samples ?? null,
    tokens: budget.tokens ?? null,
    nanoUsd: budget.usd === undefined ? null : Math.floor(budget.usd * 1e9 + 1e-3),
  };
}

/** A call's price in nano-USD, rounded up. Without a price list every call costs 0; validation refuses a USD cap then. */
export function priceNanoUsd(usage: TokenUsage, price: TeacherConfig['price']): number {
  if (price === undefined) {
    return 0;
  }
  const cached = Math.min(usage.cachedTokens, usage.inputTokens);
  const written = Math.min(usage.cacheWriteTokens ?? 0, usage.inputTokens - cached);
  const thousandths =
    (usage.inputTokens - cached - written) * nanoUsdPerThousandTokens(price.input) +
    cached * nanoUsdPerThousandTokens(price.cached_input ?? price.input) +
    written * nanoUsdPerThousandTokens(price.cache_write ?? price.input) +
    usage.outputTokens * nanoUsdPerThousandTokens(price.output);
  return Math.ceil(thousandths / 1000);
}

/** What the configuration's requests are paid at: a batch job has prices of its own, or a discount. */
export function priceList({ price, mode, batch_discount }: TeacherConfig): TeacherConfig['price'] {
  // Configurations of runs that began before there were batch jobs name no mode.
  if (price === undefined || mode !== 'batch') {
    return price;
  }
  if (price.batch !== undefined) {
    return price.batch;
  }
  const pays = (usd: number) => usd * (1 - batch_discount);
  const { input, output, cached_input, cache_write } = price;
  return {
    input: pays(input),
    output: pays(output),
    ...(cached_input === undefined ? {} : { cached_input: pays(cached_input) }),
    ...(cache_write === undefined ? {} : { cache_write: pays(cache_write) }),
  };
}

/** Upper bound of a call's price, given bounds on its tokens: whichever kind of input costs most. */
export function worstCase(inputTokens: number, outputTokens: number, price: TeacherConfig['price']): WorstCase {
  const usage = { inputTokens, outputTokens, cachedTokens: 0, reasoningTokens: 0, estimated: true };
  return {
    tokens: inputTokens + outputTokens,
    nanoUsd: Math.max(
      priceNanoUsd(usage, price),
      priceNanoUsd({ ...usage, cachedTokens: inputTokens }, price),
      priceNanoUsd({ ...usage, cacheWriteTokens: inputTokens }, price),
    ),
  };
}

/** A whole number, so that sums are exact, for prices down to 1e-6 USD per million tokens. */
const nanoUsdPerThousandTokens = (usdPerMillion: number) => Math.round(usdPerMillion * 1e6);
