import type { BudgetConfig, TeacherConfig } from '../config/schema';

/**
 * Money is counted in whole nano-USD (1e-9 USD): a call's price is rounded up once, when it is made, and then only
 * added. A micro-USD is too coarse (one cheap token costs less); nano-USD stay exact up to 9 million USD.
 */
export interface TokenUsage {
  /** All tokens of the prompt, the cached ones included. */
  readonly inputTokens: number;
  readonly cachedTokens: number;
  /** All tokens of the reply, the reasoning ones included. */
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  /** The reply did not say; the numbers are upper bounds. */
  readonly estimated: boolean;
}

/** Upper bound of one call, in tokens of both directions and in money. */
export interface WorstCase {
  readonly tokens: number;
  readonly nanoUsd: number;
}

/** Limits of an account; `null` where there is none. */
export interface Caps {
  readonly samples: number | null;
  readonly tokens: number | null;
  readonly nanoUsd: number | null;
}

/** The configured budget as caps. A fraction of a nano-USD is cut off. */
export function capsOf(budget: Pick<BudgetConfig, 'samples' | 'tokens' | 'usd'>): Caps {
  return {
    samples: budget.samples ?? null,
    tokens: budget.tokens ?? null,
    nanoUsd: budget.usd === undefined ? null : Math.floor(budget.usd * 1e9 + 1e-3),
  };
}

/** A call's price in nano-USD, rounded up. Without a price list everything costs 0, and a USD cap is refused before. */
export function priceNanoUsd(usage: TokenUsage, price: TeacherConfig['price']): number {
  if (price === undefined) {
    return 0;
  }
  const cached = Math.min(usage.cachedTokens, usage.inputTokens);
  const picoUsd =
    (usage.inputTokens - cached) * picoUsdPerToken(price.input) +
    cached * picoUsdPerToken(price.cached_input ?? price.input) +
    usage.outputTokens * picoUsdPerToken(price.output);
  return Math.ceil(picoUsd / 1000);
}

/** What the configuration's requests are paid at: a batch job has a discount. */
export function priceList({ price, mode, batch_discount }: TeacherConfig): TeacherConfig['price'] {
  // Configurations of runs that began before there were batch jobs name no mode.
  if (price === undefined || mode !== 'batch') {
    return price;
  }
  const pays = (usd: number) => usd * (1 - batch_discount);
  const { input, output, cached_input } = price;
  return {
    input: pays(input),
    output: pays(output),
    ...(cached_input === undefined ? {} : { cached_input: pays(cached_input) }),
  };
}

/** Upper bound of a call with these bounds on its tokens: nothing is cached unless that is dearer. */
export function worstCase(inputTokens: number, outputTokens: number, price: TeacherConfig['price']): WorstCase {
  const usage = { inputTokens, outputTokens, reasoningTokens: 0, estimated: true };
  return {
    tokens: inputTokens + outputTokens,
    nanoUsd: Math.max(
      priceNanoUsd({ ...usage, cachedTokens: 0 }, price),
      priceNanoUsd({ ...usage, cachedTokens: inputTokens }, price),
    ),
  };
}

/** USD per million tokens = micro-USD per token; as whole pico-USD, prices down to 1e-6 USD a million are exact. */
const picoUsdPerToken = (usdPerMillion: number) => Math.round(usdPerMillion * 1e6);
