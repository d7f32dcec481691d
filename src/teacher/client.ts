import OpenAI from 'openai';
import { type Dispatcher, fetch, interceptors, request as send } from 'undici';
import { credentialNames } from '../core/config/credential-names';
import type { TeacherConfig } from '../core/config/schema';
import { type Secrets, secretsOf } from '../core/secrets';
import { decoded, fileBytesMax, oversizedReply, readBounded, refusalBytesMax, replyBytesMax } from './bounded-body';
import { openDispatcher } from './dispatcher';
import { extraHeaders } from './extra-headers';
import { EndpointRefusal } from './failure';
import { keyOf } from './key';
import { type ChatRequest, openaiBaseUrl } from './request';

export interface PostOptions {
  readonly signal: AbortSignal;
  /** Equal for attempts that may be one purchase: a gateway that knows the header answers the second from the first. */
  readonly idempotencyKey: string;
  /** After a lost reply: the old connection may be what lost it. */
  readonly onFreshConnection: boolean;
}

/** Posts one request and returns the reply's body as received, within its limit. Throws what `classifyError` reads. */
export type Post = (request: ChatRequest, options: PostOptions) => Promise<string>;

type Environment = Readonly<Record<string, string | undefined>>;

export interface Endpoint {
  readonly post: Post;
  /** For the files and batches API. Retries are off. */
  readonly openai: OpenAI;
}

/**
 * Reaches any OpenAI-compatible endpoint, through a proxy where the environment names one. Each request is sent once:
 * every retry must pass the ledger.
 * @throws TutelageError `missing` without a usable key in the environment
 */
export function openEndpoint(
  config: TeacherConfig,
  environment: Environment,
  offlineBaseUrl: string | undefined,
): Endpoint {
  const apiKey = config.provider === 'offline' ? 'offline' : keyOf(config, environment);
  const baseURL = config.provider === 'offline' ? offlineUrl(offlineBaseUrl) : (config.base_url ?? openaiBaseUrl);
  const own = extraHeaders(config, environment);
  const query = queryOf(config);
  const dispatcher = openDispatcher(baseURL, environment);
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    'user-agent': 'tutelage',
    authorization: `Bearer ${apiKey}`,
    ...accountHeaders(baseURL, environment),
    ...own,
  };
  const url = `${baseURL.replace(/\/+$/, '')}/chat/completions${query.size === 0 ? '' : `?${query}`}`;

  const usual = following(dispatcher);
  const post: Post = async (request, { signal, idempotencyKey, onFreshConnection }) => {
    const connections = onFreshConnection ? following(openDispatcher(baseURL, environment)) : usual;
    try {
      // `fetch` takes five times the processor time of the same request, and at 128 in flight that is what limits a run.
      const response = await send(url, {
        method: 'POST',
        headers: { ...headers, 'idempotency-key': idempotencyKey },
        body: JSON.stringify(request),
        signal,
        dispatcher: connections,
      });
      const isOk = response.statusCode >= 200 && response.statusCode < 300;
      const bytesMax = isOk ? replyBytesMax(config.max_tokens) : refusalBytesMax;
      const { bytes, isWhole } = await readBounded(decoded(response), bytesMax);
      const body = bytes.toString('utf8');
      if (!isOk) {
        throw new EndpointRefusal(response.statusCode, headersOf(response.headers), body);
      }
      return isWhole ? body : oversizedReply(config.max_tokens);
    } finally {
      if (connections !== usual) {
        void connections.destroy();
      }
    }
  };

  const openai = new OpenAI({
    ...{ apiKey, baseURL, maxRetries: 0, timeout: config.timeout_seconds * 1000, logLevel: 'off' },
    ...{ defaultHeaders: own, defaultQuery: Object.fromEntries(query) },
    fetch: (address, init) => fetchForOpenai(String(address), init ?? {}, dispatcher),
  });
  return { post, openai };
}

/** As `fetch` does: a base_url that has moved is followed. */
const following = (dispatcher: Dispatcher): Dispatcher =>
  dispatcher.compose(interceptors.redirect({ maxRedirections: 5 }));

function headersOf(headers: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const found = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const one of [value ?? []].flat()) {
      found.append(name, one);
    }
  }
  return found;
}

/** The same connections for files and batches. Forms and responses of the global `fetch` are other classes than undici's. */
async function fetchForOpenai(address: string, init: RequestInit, dispatcher: Dispatcher): Promise<Response> {
  const form = init.body instanceof FormData ? new Response(init.body) : null;
  const headers = new Headers(init.headers);
  if (form !== null) {
    headers.set('content-type', form.headers.get('content-type') ?? '');
  }
  const response = await fetch(address, {
    method: init.method ?? 'GET',
    headers: Object.fromEntries(headers),
    body: form === null ? ((init.body as string | undefined) ?? null) : Buffer.from(await form.arrayBuffer()),
    signal: init.signal ?? null,
    dispatcher,
  });
  const { bytes, isWhole } = await readBounded(response.body ?? [], response.ok ? fileBytesMax : refusalBytesMax);
  if (!response.ok) {
    throw new EndpointRefusal(response.status, response.headers, bytes.toString('utf8'));
  }
  if (!isWhole) {
    throw new Error(`the endpoint sent more than ${fileBytesMax >> 20} MiB`);
  }
  return new Response(Uint8Array.from(bytes), {
    status: response.status,
    headers: Object.fromEntries(response.headers),
  });
}

const queryOf = ({ provider, query }: TeacherConfig): URLSearchParams =>
  new URLSearchParams(
    Object.entries(provider === 'offline' ? {} : (query ?? {})).map(([name, value]): [string, string] => [
      name,
      String(value),
    ]),
  );

/** OpenAI's own account variables, which say what of several organizations and projects pays. */
function accountHeaders(baseURL: string, { OPENAI_ORG_ID: organization, OPENAI_PROJECT_ID: project }: Environment) {
  return baseURL === openaiBaseUrl
    ? {
        ...(organization ? { 'openai-organization': organization } : {}),
        ...(project ? { 'openai-project': project } : {}),
      }
    : {};
}

/** The endpoint's key and headers, and every other secret of the environment: what must not be stored of its replies. */
export const secretsAt = (config: Pick<TeacherConfig, 'api_key_env' | 'headers'>, environment: Environment): Secrets =>
  secretsOf(environment, credentialNames(config));

function offlineUrl(baseUrl: string | undefined): string {
  if (baseUrl === undefined) {
    throw new Error('the offline teacher needs the address of its server');
  }
  return baseUrl;
}
