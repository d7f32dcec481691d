import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { runConfigSchema } from '../core/config/schema';
import { resolveStrategy } from '../core/strategies';
import { openEndpoint } from './client';
import { classifyError } from './error-classes';

const body = JSON.stringify({ choices: [{ message: { content: 'Größe 42' }, finish_reason: 'stop' }] });

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let answer: Answer;
beforeEach(async () => {
  server = createServer((request, response) => {
    request.resume();
    request.on('end', () => answer(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Posts one request to the server, as the product does. */
async function post(): Promise<string> {
  const { teacher } = runConfigSchema.parse({
    name: 'demo',
    task: { kind: 'operator-chains' },
    teacher: {
      provider: 'openai',
      model: 'm',
      base_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
      api_key_env: 'TEST_KEY',
      max_tokens: 64,
    },
    strategy: resolveStrategy('loss'),
    budget: {},
  });
  const endpoint = openEndpoint(teacher, { TEST_KEY: 'secret' }, undefined);
  const request = { model: 'm', messages: [{ role: 'user' as const, content: 'x' }], max_tokens: 64 };
  return endpoint.post(request, {
    signal: AbortSignal.timeout(20_000),
    idempotencyKey: 'k',
    onFreshConnection: false,
  });
}

describe('a reply', () => {
  it.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['GZIP', gzipSync],
    ['identity', (text: string) => Buffer.from(text)],
  ])('is read whatever it was compressed with: %s', async (encoding, compress) => {
    answer = (_, response) => response.setHeader('content-encoding', encoding).end(compress(body));
    expect(await post()).toBe(body);
  });

  it('that breaks off within its compression is an error, not a part', async () => {
    answer = (_, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync(body).subarray(0, 30));
    await expect(post()).rejects.toThrow(/unexpected end of file/);
  });

  it('that unpacks to more than its limit is cut there', async () => {
    const bomb = gzipSync(Buffer.alloc(64 << 20));
    answer = (_, response) => response.setHeader('content-encoding', 'gzip').end(bomb);
    expect(await post()).toContain('bytes for 64 tokens');
  });

  it('of a place that has moved is fetched there, with the same request', async () => {
    const seen: (string | undefined)[] = [];
    answer = (request, response) => {
      seen.push(`${request.method} ${request.url}`, request.headers.authorization, request.headers['user-agent']);
      if (request.url === '/v1/chat/completions') {
        response.writeHead(308, { location: '/v2/chat/completions' }).end();
      } else {
        response.end(body);
      }
    };
    expect(await post()).toBe(body);
    expect(seen).toEqual([
      ...['POST /v1/chat/completions', 'Bearer secret', 'tutelage'],
      ...['POST /v2/chat/completions', 'Bearer secret', 'tutelage'],
    ]);
  });

  it('of a place that sends in a circle is a refusal', async () => {
    answer = (_, response) => response.writeHead(308, { location: '/v1/chat/completions' }).end();
    const context = { endpoint: 'here', keyName: 'TEST_KEY', nowMs: 0, redact: (text: string) => text };
    const refusal = await post().catch((error: unknown) => classifyError(error, context));
    expect(refusal).toMatchObject({ does: 'pause', hint: expect.stringContaining('correct teacher.base_url') });
  });

  it('that is a refusal has its status, its headers and its words', async () => {
    answer = (_, response) => response.writeHead(429, { 'retry-after': '7' }).end('slow down');
    const refusal = await post().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ status: 429, body: 'slow down' });
    expect((refusal as { headers: Headers }).headers.get('retry-after')).toBe('7');
  });
});

test('the key goes to no other host', async () => {
  const other = createServer((request, response) => response.end(JSON.stringify(request.headers)));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = other.address() as AddressInfo;
    answer = (_, response) => response.writeHead(307, { location: `http://localhost:${port}/v1` }).end();
    expect(await post()).not.toContain('secret');
  } finally {
    other.closeAllConnections();
    await new Promise((resolve) => other.close(resolve));
  }
});
