import { type ServerType, serve } from '@hono/node-server';
import { Hono } from 'hono';
import { canonicalJson } from '../../core/canonical-json';
import { randomStream } from '../../core/random';
import { offlineProcedures } from '../../core/tasks/registry';
import type { ChatMessage } from '../../core/tasks/task';

export interface OfflineTeacher {
  /** Up to and including `/v1`. */
  readonly baseUrl: string;
  close(): Promise<void>;
}

/**
 * A teacher without a model: procedures that know a task's rules, behind the same HTTP protocol as any other teacher,
 * `usage` included. An answer is a function of the request alone. Listens on this machine only.
 */
export async function startOfflineTeacher(): Promise<OfflineTeacher> {
  const app = new Hono();
  app.post('/v1/chat/completions', async (context) => {
    const request = (await context.req.json().catch(() => null)) as OfflineRequest | null;
    if (request === null || !Array.isArray(request.messages)) {
      return context.json(errorBody('the body must be a JSON object with messages', 'invalid_request_error'), 400);
    }
    const completion = completeOffline(request);
    return completion === null
      ? context.json(errorBody('no procedure knows this request', 'invalid_request_error'), 400)
      : context.json(completion);
  });
  app.notFound((context) => context.json(errorBody(`no such path: ${context.req.path}`, 'invalid_request_error'), 404));
  return new Promise((resolve) => {
    const server: ServerType = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
      resolve({ baseUrl: `http://127.0.0.1:${port}/v1`, close: () => closeServer(server) });
    });
    if ('keepAliveTimeout' in server) {
      // Longer than any client keeps an idle connection, so that none is closed under a request.
      server.keepAliveTimeout = 600_000;
    }
  });
}

export interface OfflineRequest {
  readonly model?: string;
  readonly messages: readonly ChatMessage[];
  readonly seed?: number;
}

/** The completion of a request, in OpenAI's form; `null` when no procedure knows it. */
export function completeOffline({ model, messages, seed }: OfflineRequest): object | null {
  const identity = canonicalJson({ messages, seed });
  const errs = randomStream('offline-noise', identity).next() < noiseOf(model);
  const text = offlineProcedures.reduce<string | null>(
    (found, procedure) => found ?? procedure(messages, randomStream('offline-teacher', identity), errs),
    null,
  );
  if (text === null) {
    return null;
  }
  const promptTokens = messages.reduce((sum, { content }) => sum + countTokens(content), 0);
  const completionTokens = countTokens(text);
  return {
    id: 'chatcmpl-offline',
    object: 'chat.completion',
    created: 0,
    model: model ?? 'offline',
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop', logprobs: null }],
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    },
  };
}

/** The share of wrong answers that the model's name asks for: `offline?noise=0.1`. */
const noiseOf = (model = '') => Number(/\?noise=(0(?:\.\d+)?|1)$/.exec(model)?.[1] ?? 0);

/** A rough tokenizer: four bytes per token. */
const countTokens = (text: string) => Math.ceil(Buffer.byteLength(text) / 4);

const errorBody = (message: string, type: string) => ({ error: { message, type, param: null, code: null } });

function closeServer(server: ServerType): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    if ('closeAllConnections' in server) {
      server.closeAllConnections();
    }
  });
}
