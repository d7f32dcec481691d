import OpenAI from 'openai';
import type { TeacherConfig } from '../core/config/schema';
import { redact, secretsOf } from '../core/secrets';
import { keyOf } from './key';
import { type ChatRequest, openaiBaseUrl } from './request';

/** Posts one request and returns the reply's body as received. Throws what `classifyError` reads. */
export type Post = (request: ChatRequest, signal: AbortSignal) => Promise<string>;

/**
 * A client of any OpenAI-compatible endpoint. Retries are off: each must pass the ledger.
 * @throws TutelageError `missing` without a key in the environment
 */
export function createClient(
  config: TeacherConfig,
  environment: Readonly<Record<string, string | undefined>>,
  offlineBaseUrl: string | undefined,
): OpenAI {
  return new OpenAI({
    apiKey: config.provider === 'offline' ? 'offline' : keyOf(config, environment),
    baseURL: config.provider === 'offline' ? offlineUrl(offlineBaseUrl) : (config.base_url ?? openaiBaseUrl),
    maxRetries: 0,
    timeout: config.timeout_seconds * 1000,
    logLevel: 'off',
  });
}

export function chatCompletions(client: OpenAI): Post {
  return async (request, signal) => {
    const response = await client.chat.completions
      .create({ ...request, messages: [...request.messages] }, { signal })
      .asResponse();
    return response.text();
  };
}

/** Takes the teacher's key, and every other secret of the environment, out of a text. */
export function discretion(
  { api_key_env }: Pick<TeacherConfig, 'api_key_env'>,
  environment: Readonly<Record<string, string | undefined>>,
): (text: string) => string {
  const secrets = secretsOf(environment, [api_key_env]);
  return (text) => redact(text, secrets);
}

function offlineUrl(baseUrl: string | undefined): string {
  if (baseUrl === undefined) {
    throw new Error('the offline teacher needs the address of its server');
  }
  return baseUrl;
}
