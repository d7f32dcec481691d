import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/canonical-json';
import { messagesWithSystem, withParameters } from '../core/config/request-fields';
import type { TeacherConfig } from '../core/config/schema';
import type { ChatMessage } from '../core/tasks/task';

/** What is posted to chat completions. */
export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  /** Left out where `teacher.parameters` says so, like `seed`. */
  readonly temperature?: number;
  /** One of the two, by what the model takes. */
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
  readonly seed?: number;
  /** More fields, from `teacher.parameters`. */
  readonly [parameter: string]: unknown;
}

export function chatRequest(config: TeacherConfig, messages: readonly ChatMessage[], seed: number): ChatRequest {
  const { temperature, max_tokens, noise = 0 } = config;
  const parameter =
    config.max_tokens_parameter ?? (reasonsUnseen(config.model) ? 'max_completion_tokens' : 'max_tokens');
  // A teacher that errs is another teacher: its answers have other names.
  const model = noise === 0 ? config.model : `${config.model}?noise=${noise}`;
  const body = { model, messages: messagesWithSystem(config, messages), temperature, [parameter]: max_tokens, seed };
  return withParameters(config, body);
}

/**
 * OpenAI's reasoning models, by name: they refuse `max_tokens`, and most of their output may be reasoning that the reply
 * does not show. A name in front (`openai/o3`) is that of a router.
 */
export const reasonsUnseen = (model: string): boolean => /^(.*\/)?(o\d|gpt-5)/.test(model);

export const outputTokensMax = (request: ChatRequest): number =>
  request.max_tokens ?? request.max_completion_tokens ?? Number.POSITIVE_INFINITY;

/**
 * A request's identity: sha256 over everything that shapes the answer. Equal requests have one answer in a workspace.
 * The sample number tells apart repeated asks where a teacher ignores `seed`. The offline teacher listens on a port
 * that changes, so its endpoint is called `offline`. The query is part of it (an API version), and so are headers whose
 * values are in the file, since one may choose a route or a beta; keys and other values of the environment are not.
 */
export function requestHash(
  config: TeacherConfig,
  request: ChatRequest,
  promptVersion: number,
  sample: number,
): string {
  const identity = { endpoint: endpointOf(config), request, promptVersion, sample, ...besidesBody(config) };
  return createHash('sha256').update(canonicalJson(identity)).digest('hex');
}

/** They name the caller, and no answer depends on them. */
const callersHeaders = new Set(['x-title', 'http-referer', 'referer', 'user-agent']);

function besidesBody({ query = {}, headers = {} }: TeacherConfig) {
  const shaping = Object.entries(headers).flatMap(([name, value]): [string, string][] => {
    const key = name.toLowerCase();
    return typeof value !== 'string' || callersHeaders.has(key) ? [] : [[key, value]];
  });
  return {
    ...(Object.keys(query).length === 0 ? {} : { query }),
    ...(shaping.length === 0 ? {} : { headers: Object.fromEntries(shaping) }),
  };
}

export function endpointOf(config: TeacherConfig): string {
  return config.provider === 'offline' ? 'offline' : (config.base_url ?? openaiBaseUrl).replace(/\/+$/, '');
}

export const openaiBaseUrl = 'https://api.openai.com/v1';

/**
 * The `seed` sent with a request: arms of one random seed ask alike and share answers, a repeat gets a new answer, and
 * different random seeds stay apart. Within the 31 bits that servers accept: 32,768 run seeds of 65,536 asks each.
 */
export function samplingSeed(runSeed: number, askedBefore: number): number {
  return ((runSeed % 32768) * 65536 + (askedBefore % 65536)) % 2 ** 31;
}
