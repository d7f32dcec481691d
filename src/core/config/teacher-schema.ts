import { z } from 'zod';
import { fraction, positiveInt } from './fields';

/**
 * The sections `teacher` and `judge`: which endpoint is asked, how, and at what price. The upper bounds of the numbers
 * are what works: sums of money stay exact, and no timer overflows.
 */

const usdPerMillion = z.number().nonnegative().max(10_000);
const outputTokens = positiveInt.max(10_000_000);
const parallelRequests = positiveInt.max(10_000);
const perMinute = positiveInt.max(1_000_000_000);
const temperature = z.number().min(0).max(2);
/** A longer wait is a mistake; far above this the runtime's timers overflow. */
const seconds = z.number().positive().max(86_400);
const endpointUrl = z.url({ protocol: /^https?$/ });
const provider = z.enum(['offline', 'openai']);

const tokenPrices = {
  input: usdPerMillion.describe('USD per million input tokens'),
  output: usdPerMillion.describe('USD per million output tokens'),
  cached_input: usdPerMillion.optional().describe('USD per million input tokens served from the cache; default: input'),
  cache_write: usdPerMillion
    .optional()
    .describe('USD per million input tokens written to the cache, where the endpoint counts them; default: input'),
};

const priceSchema = z.strictObject({
  ...tokenPrices,
  batch: z
    .strictObject(tokenPrices)
    .optional()
    .describe('prices in mode: batch; default: the live prices less batch_discount'),
});

const headerValue = z.union([z.string(), z.strictObject({ env: z.string().min(1) })]);
const queryValue = z.union([z.string(), z.number(), z.boolean()]);

const maxTokensParameter = z.enum(['max_tokens', 'max_completion_tokens']).optional();
const parameters = z.record(z.string(), z.json()).optional();
const headers = z.record(z.string(), headerValue).optional();
const query = z.record(z.string(), queryValue).optional();
const system = z.string().min(1).optional();

export const teacherSchema = z.strictObject({
  provider: provider
    .default('offline')
    .describe(
      "offline: the task's procedural teacher, served on this machine without a model; openai: any OpenAI-compatible endpoint",
    ),
  model: z.string().min(1).default('offline').describe('model name sent with every request'),
  base_url: endpointUrl
    .optional()
    .describe('URL of the endpoint, up to and including /v1; the offline teacher ignores it'),
  api_key_env: z
    .string()
    .min(1)
    .default('OPENAI_API_KEY')
    .describe('environment variable that holds the API key; the key itself is never stored'),
  temperature: temperature
    .default(1)
    .describe('sampling temperature; at 0, asking about a seed again gives the same question again'),
  max_tokens: outputTokens
    .default(1024)
    .describe('maximum length of one reply; it determines the worst-case price of a call'),
  price: priceSchema.optional().describe('required when budget.usd is set'),
  max_parallel_requests: parallelRequests
    .default(32)
    .describe('maximum number of requests in flight, over all runs of a worker'),
  requests_per_minute: perMinute.optional().describe('rate limit of the endpoint; none by default'),
  tokens_per_minute: perMinute
    .optional()
    .describe('rate limit of the endpoint, input and output tokens together; none by default'),
  timeout_seconds: seconds
    .default(120)
    .describe('timeout of one request; a request that timed out counts as unknown, since it may have been billed'),
  mode: z
    .enum(['live', 'batch'])
    .default('live')
    .describe(
      "live: one request at a time; batch: whole rounds as jobs of the endpoint's batches API, which is cheaper and slower",
    ),
  batch_discount: fraction.default(0.5).describe('discount on teacher.price in mode: batch, as a share of it'),
  batch_poll_seconds: seconds.default(60).describe('interval between status checks of a batch job'),
  failing_share_max: fraction
    .default(0.2)
    .describe('a run pauses when the endpoint refuses more than this share of the rows of a step, and at least five'),
  max_tokens_parameter: maxTokensParameter.describe(
    'parameter that max_tokens is sent as. Default: max_completion_tokens for models named o... and gpt-5..., else max_tokens',
  ),
  parameters: parameters.describe(
    'more fields of the request body, such as {reasoning_effort: low, top_p: 0.9}; null leaves a field out, also seed ' +
      "and temperature. Part of a request's identity. The offline teacher ignores it",
  ),
  headers: headers.describe(
    'more request headers, such as {X-Title: my-run}; {env: NAME} takes a value, such as a secret, from the environment',
  ),
  query: query.describe('query of the request URL, such as {api-version: preview}'),
  system: system.describe('system prompt, sent before the messages of the task. The offline teacher ignores it'),
  reasoning: z
    .enum(['drop', 'keep'])
    .optional()
    .describe(
      "the teacher's reasoning in worked answers: drop, or keep it before the answer in <think> tags. Default: drop",
    ),
  noise: fraction
    .optional()
    .describe('share of answers that the offline teacher gets wrong on purpose, for ablations; none by default'),
});

/** Like the teacher's section. A key that is left out has the teacher's value (`judgeOf`), so `judge: {model: ...}` names a second model at the same endpoint. */
export const judgeSchema = z.strictObject({
  provider: provider
    .optional()
    .describe("offline: a judge that grades by the task's own check; openai: any OpenAI-compatible endpoint"),
  model: z.string().min(1).optional().describe('model name sent with every request'),
  base_url: endpointUrl.optional().describe('URL of the endpoint, up to and including /v1'),
  api_key_env: z.string().min(1).optional().describe('environment variable that holds the API key'),
  temperature: temperature
    .default(0.2)
    .describe('sampling temperature; low, so that grades depend on the answer and not on chance'),
  max_tokens: outputTokens.default(512).describe('maximum length of one grade, including its explanation'),
  price: priceSchema.optional().describe("required when budget.usd is set and the judge's model is not the teacher's"),
  max_parallel_requests: parallelRequests.optional().describe('maximum number of requests in flight'),
  requests_per_minute: perMinute.optional().describe('rate limit of the endpoint'),
  tokens_per_minute: perMinute.optional().describe('rate limit of the endpoint'),
  timeout_seconds: seconds.optional().describe('timeout of one request'),
  max_tokens_parameter: maxTokensParameter.describe('parameter that max_tokens is sent as'),
  parameters: parameters.describe("more fields of the request body; default: the teacher's if the model is the same"),
  headers: headers.describe("more request headers; default: the teacher's if the endpoint is the same"),
  query: query.describe("query of the request URL; default: the teacher's if the endpoint is the same"),
  system: system.describe("system prompt of the judge; the teacher's is not used"),
});
