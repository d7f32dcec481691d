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
  | 'empty';

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
  /** JSON lines; nothing is logged without. */
  readonly log?: string;
  readonly onReceived?: (count: number) => void;
}

export interface LogLine {
  readonly event: 'received' | 'answered' | 'failed' | 'left';
  /** sha256 of the body: equal requests have equal names. */
  readonly request: string;
  readonly authorization: string;
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
    const line = { request: requestOf(body), authorization: '', fault: null, at: Date.now() };
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
  const server = createServer((incoming, response) => {
    received += 1;
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
    const line: LogLine = { event, request, authorization, fault: fault?.kind ?? null, at: Date.now() };
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
  const acts: Record<Fault, () => void> = {
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
  };
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
