import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson } from '../../src/core/canonical-json';
import { stableHash } from '../../src/core/random';
import { completeOffline, type OfflineRequest } from '../../src/teacher/offline/server';
import { type BatchBehaviour, BatchesDouble } from './teacher-batches';

/**
 * A teacher that answers as the offline one does and misbehaves on purpose, with a log of what it received and
 * answered. Whether it misbehaves is a function of the request and of how often it came, so a run can be repeated.
 */
export type Fault =
  | '429-seconds'
  | '429-date'
  | '429-ms'
  | '500'
  | '400'
  | '401'
  | '403'
  | '404'
  | 'quota'
  | 'reset-before'
  | 'reset-mid'
  | 'broken-json'
  | 'html'
  | 'hang'
  | 'no-usage'
  | 'truncate'
  | 'empty'
  | 'endless'
  | RawFault;

/** Replies as endpoints really send them; the table below says how. */
type RawFault =
  | 'usage-zero'
  | 'usage-reasoning-apart'
  | 'usage-total-apart'
  | 'usage-5000'
  | 'usage-absurd'
  | 'finish-error'
  | 'think'
  | 'events'
  | '402'
  | '400-credit'
  | '403-flagged'
  | '400-flat'
  | '200-error'
  | '405'
  | '429-rate'
  | '502-page'
  | '503-page'
  | '503-api'
  | EchoFault;

/** The reply repeats the key of the request: a gateway that shows headers. */
export type EchoFault = (typeof echoFaults)[number];

export const echoFaults = ['echo', 'echo-json', 'echo-url', 'echo-base64', 'echo-events', 'echo-elsewhere'] as const;

export interface FaultShare {
  readonly kind: Fault;
  /** Of all requests; default all. */
  readonly share?: number;
  /** How many arrivals of the same request are met by it; default 1. */
  readonly times?: number;
}

export interface Misbehaviour {
  /** Where it listens; 127.0.0.1 unless given. */
  readonly host?: string;
  readonly delayMs?: number;
  readonly faults?: readonly FaultShare[];
  readonly batches?: BatchBehaviour;
  /** More requests than this in the time get 429 and no word of when to come back. */
  readonly rate?: { readonly requests: number; readonly windowMs: number };
  /** JSON lines; nothing is logged without. */
  readonly log?: string;
  readonly onReceived?: (count: number) => void;
}

export interface LogLine {
  readonly event: 'received' | 'answered' | 'failed' | 'left';
  /** sha256 of the body: equal requests have equal names. */
  readonly request: string;
  readonly authorization: string;
  readonly idempotencyKey: string;
  /** The port that the request came from: equal for requests on one connection. */
  readonly connection: number;
  readonly fault: Fault | null;
  readonly at: number;
}

export interface MisbehavingTeacher {
  readonly baseUrl: string;
  readonly received: number;
  readonly batches: BatchesDouble;
  /** From the next request on. */
  behave(faults: readonly FaultShare[]): void;
  close(): Promise<void>;
}

export async function startMisbehavingTeacher(misbehaviour: Misbehaviour): Promise<MisbehavingTeacher> {
  const arrivals = new Map<string, number>();
  const { log } = misbehaviour;
  // A request of a job is received and answered when the job is done with it.
  const complete = (body: OfflineRequest) => {
    const line = {
      request: requestOf(body),
      authorization: '',
      idempotencyKey: '',
      connection: 0,
      fault: null,
      at: Date.now(),
    };
    if (log !== undefined) {
      appendFileSync(
        log,
        `${JSON.stringify({ event: 'received', ...line })}\n${JSON.stringify({ event: 'answered', ...line })}\n`,
      );
    }
    return completionOf(body);
  };
  const batches = new BatchesDouble(misbehaviour.batches ?? {}, complete, requestOf);
  let received = 0;
  let faults = misbehaviour.faults ?? [];
  let served: number[] = [];
  const isTooFast = () => {
    const { requests, windowMs } = misbehaviour.rate ?? { requests: Number.POSITIVE_INFINITY, windowMs: 0 };
    served = served.filter((at) => Date.now() - at < windowMs);
    return served.length >= requests || served.push(Date.now()) < 0;
  };
  const server = createServer((incoming, response) => {
    received += 1;
    if (misbehaviour.rate !== undefined && isTooFast()) {
      incoming.resume();
      response.writeHead(429, { 'content-type': 'application/json' });
      response.end(JSON.stringify(errorOf('Too many requests', { code: 429 })));
      return;
    }
    misbehaviour.onReceived?.(received);
    void handle(incoming, response, { ...misbehaviour, faults }, { arrivals, batches }).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 600_000;
  const { host = '127.0.0.1' } = misbehaviour;
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    baseUrl: `http://${host}:${(server.address() as AddressInfo).port}/v1`,
    get received() {
      return received;
    },
    batches,
    behave: (next) => {
      faults = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function readLog(path: string): LogLine[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine);
}

async function handle(
  incoming: IncomingMessage,
  response: ServerResponse,
  { delayMs, faults, log }: Misbehaviour,
  { arrivals, batches }: { arrivals: Map<string, number>; batches: BatchesDouble },
): Promise<void> {
  const connection = incoming.socket.remotePort ?? 0;
  const text = await textOf(incoming);
  if (await batches.handle(incoming, response, text)) {
    return;
  }
  const body = JSON.parse(text) as OfflineRequest;
  const request = requestOf(body);
  const before = arrivals.get(request) ?? 0;
  arrivals.set(request, before + 1);
  const fault = faults?.find(({ kind, share, times }) => before < (times ?? 1) && isMet(kind, request, share ?? 1));
  const write = (event: LogLine['event']) => {
    const authorization = incoming.headers.authorization ?? '';
    const idempotencyKey = String(incoming.headers['idempotency-key'] ?? '');
    const from = { authorization, idempotencyKey, connection };
    const line: LogLine = { event, request, ...from, fault: fault?.kind ?? null, at: Date.now() };
    if (log !== undefined) {
      appendFileSync(log, `${JSON.stringify(line)}\n`);
    }
  };
  write('received');
  response.on('close', () => {
    if (!response.writableFinished) {
      write('left');
    }
  });
  await sleep(delayMs ?? 0);
  response.on('finish', () => write(response.statusCode === 200 ? 'answered' : 'failed'));
  misbehave(response, fault?.kind ?? null, completionOf(body), incoming.headers.authorization ?? 'no key');
}

const requestOf = (body: OfflineRequest) => createHash('sha256').update(canonicalJson(body)).digest('hex');

/** The reply carries its request's name, so that a stored answer can be found in the log. */
function completionOf(body: OfflineRequest): object {
  return { ...(completeOffline(body) ?? echo(body)), id: `chatcmpl-${requestOf(body).slice(0, 24)}` };
}

/** For requests of no task that the offline teacher knows. */
function echo({ model, messages, seed }: OfflineRequest): object {
  const content = `answer ${stableHash(canonicalJson({ messages, seed })) % 1000}`;
  return {
    ...{ id: 'chatcmpl-double', object: 'chat.completion', created: 0, model },
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 },
  };
}

interface RawReply {
  readonly status?: number;
  readonly type?: string;
  readonly body: string | object;
}

const errorOf = (message: string, more: object = {}) => ({ error: { message, ...more } });

const rawReplies: Record<RawFault, (completion: Completion, authorization: string) => RawReply> = {
  'usage-zero': (completion) => withUsage(completion, { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }),
  'usage-reasoning-apart': (completion) =>
    withUsage(completion, {
      ...{ prompt_tokens: 100, completion_tokens: 50, total_tokens: 450 },
      completion_tokens_details: { reasoning_tokens: 300 },
    }),
  'usage-total-apart': (completion) =>
    withUsage(completion, { prompt_tokens: 100, completion_tokens: 50, total_tokens: 450 }),
  'usage-5000': (completion) =>
    withUsage(completion, { prompt_tokens: 5000, completion_tokens: 5000, total_tokens: 10_000 }),
  'usage-absurd': (completion) =>
    withUsage(completion, { prompt_tokens: 2 ** 53, completion_tokens: 1e300, total_tokens: 2 ** 53 }),
  'finish-error': (completion) => withChoice(completion, { finish_reason: 'error' }),
  think: (completion) => withChoice(completion, {}, (text) => `<think>\nLet me see.\n</think>\n\n${text}`),
  events: ({ choices: [choice], usage }) => {
    const text = choice?.message.content ?? '';
    const deltas = [text.slice(0, 3), text.slice(3)].map((content) => ({
      choices: [{ index: 0, delta: { content } }],
    }));
    const events = [...deltas, { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }, { choices: [], usage }];
    const lines = [...events.map((event) => JSON.stringify(event)), '[DONE]'];
    return { type: 'text/event-stream', body: lines.map((line) => `data: ${line}\n\n`).join('') };
  },
  '402': () => ({
    status: 402,
    body: errorOf('Insufficient credits. Add more using the settings page.', { code: 402 }),
  }),
  '400-credit': () => ({ status: 400, body: errorOf('Your credit balance is too low to access the API.') }),
  '403-flagged': () => ({
    status: 403,
    body: errorOf('Your chosen model requires moderation and your input was flagged for "violence".', { code: 403 }),
  }),
  '400-flat': () => ({
    status: 400,
    body: { object: 'error', message: 'This model’s maximum context length is 16 tokens.', type: 'BadRequestError' },
  }),
  '200-error': () => ({ body: errorOf('Provider returned error', { code: 502 }) }),
  '405': () => ({ status: 405, body: { detail: 'Method Not Allowed' } }),
  '429-rate': () => ({ status: 429, body: errorOf('Rate limit reached for requests per minute', { code: 429 }) }),
  '502-page': () => ({ status: 502, type: 'text/html', body: '<html><h1>502 Bad Gateway</h1></html>' }),
  '503-page': () => ({ status: 503, type: 'text/html', body: '<html><h1>503 Service Unavailable</h1></html>' }),
  '503-api': () => ({ status: 503, body: errorOf('Loading model', { type: 'unavailable_error' }) }),
  echo: (completion, authorization) => withChoice(completion, {}, (text) => `${text}\n${authorization}`),
  'echo-json': (completion, authorization) =>
    withChoice(completion, {}, (text) => `${text}\n${JSON.stringify({ authorization })}`),
  'echo-url': (completion, authorization) =>
    withChoice(completion, {}, (text) => `${text}\n${encodeURIComponent(authorization)}`),
  'echo-base64': (completion, authorization) =>
    withChoice(completion, {}, (text) =>
      [text, ...['', ':', '::'].map((before) => Buffer.from(before + authorization).toString('base64'))].join('\n'),
    ),
  'echo-events': ({ choices: [choice], usage }, authorization) => {
    const deltas = [choice?.message.content ?? '', authorization.slice(0, 16), authorization.slice(16)];
    const events = [
      ...deltas.map((content) => ({ choices: [{ index: 0, delta: { content } }] })),
      { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage },
    ];
    return { type: 'text/event-stream', body: events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('') };
  },
  'echo-elsewhere': (completion, authorization) => ({ body: { ...completion, debug: { headers: { authorization } } } }),
};

const withUsage = (completion: Completion, usage: object): RawReply => ({ body: { ...completion, usage } });

const withChoice = (completion: Completion, more: object, change = (text: string) => text): RawReply => {
  const [choice] = completion.choices;
  const message = { ...choice?.message, content: change(choice?.message.content ?? '') };
  return { body: { ...completion, choices: [{ ...choice, message, ...more }] } };
};

type Completion = { choices: { message: { content: string }; finish_reason: string }[]; usage?: unknown };

/** Refusals quote the header that came with the request, as some endpoints do. */
function misbehave(response: ServerResponse, fault: Fault | null, completion: object, authorization: string): void {
  const json = (status: number, value: unknown, headers: Record<string, string> = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(value));
  };
  const error = (status: number, code: string, headers: Record<string, string> = {}) =>
    json(status, { error: { message: `refused for the test: ${code} (${authorization})`, type: code, code } }, headers);
  const changed = (change: (copy: Completion) => void) => {
    const copy = structuredClone(completion) as Completion;
    change(copy);
    json(200, copy);
  };
  const half = JSON.stringify(completion).slice(0, 60);
  const raw = (kind: RawFault) => () => {
    const { status = 200, type = 'application/json', body } = rawReplies[kind](completion as Completion, authorization);
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'content-type': type }).end(text);
  };
  const rawKinds = Object.keys(rawReplies) as RawFault[];
  const acts = {
    ...(Object.fromEntries(rawKinds.map((kind) => [kind, raw(kind)])) as Record<RawFault, () => void>),
    '429-seconds': () => error(429, 'rate_limit_exceeded', { 'retry-after': '1' }),
    '429-date': () => error(429, 'rate_limit_exceeded', { 'retry-after': new Date(Date.now() + 1000).toUTCString() }),
    '429-ms': () => error(429, 'rate_limit_exceeded', { 'retry-after-ms': '20' }),
    '500': () => error(500, 'server_error', { 'retry-after-ms': '20' }),
    '400': () => error(400, 'invalid_request_error'),
    '401': () => error(401, 'invalid_api_key'),
    '403': () => error(403, 'forbidden'),
    '404': () => error(404, 'model_not_found'),
    quota: () => error(429, 'insufficient_quota'),
    'reset-before': () => response.socket?.resetAndDestroy(),
    'reset-mid': () => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' });
      response.write(half, () => response.socket?.resetAndDestroy());
    },
    'broken-json': () => response.writeHead(200, { 'content-type': 'application/json' }).end(half),
    html: () => response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Bad gateway</body></html>'),
    hang: () => {},
    endless: () => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"choices": [{"message": {"content": "');
      const part = 'x'.repeat(1 << 16);
      const write = () => {
        while (response.write(part)) {}
      };
      response.on('drain', write).on('close', () => response.off('drain', write));
      write();
    },
    'no-usage': () =>
      changed((copy) => {
        delete copy.usage;
      }),
    truncate: () =>
      changed(({ choices: [choice] }) => {
        Object.assign(choice as object, { finish_reason: 'length' });
      }),
    empty: () =>
      changed(({ choices: [choice] }) => {
        Object.assign(choice?.message as object, { content: '' });
      }),
  } satisfies Record<Fault, () => void>;
  if (fault === null) {
    json(200, completion);
  } else {
    acts[fault]();
  }
}

const isMet = (kind: Fault, request: string, share: number) => (stableHash(kind, request) % 10_000) / 10_000 < share;

async function textOf(incoming: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of incoming) {
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** As its own process: `node --import tsx test/support/misbehaving-teacher.ts '{"delayMs":20}'` prints its address; it ends when stdin closes. */
if (require.main === module) {
  void startMisbehavingTeacher(JSON.parse(process.argv[2] ?? '{}') as Misbehaviour).then(({ baseUrl }) => {
    process.stdout.write(`${JSON.stringify({ baseUrl })}\n`);
    process.stdin.on('end', () => process.exit(0)).resume();
  });
}
