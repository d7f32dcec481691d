import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TeacherConfig } from '../../../src/core/config/schema';
import { openEndpoint, secretsAt } from '../../../src/teacher/client';
import { chatRequest, requestHash } from '../../../src/teacher/request';
import { makeCertificates } from '../../support/certificates';

const config: TeacherConfig = {
  ...{ provider: 'openai', model: 'm', api_key_env: 'KEY', temperature: 1, max_tokens: 7, max_parallel_requests: 1 },
  ...{ timeout_seconds: 5, failing_share_max: 0.2, mode: 'live', batch_discount: 0.5, batch_poll_seconds: 60 },
};
const messages = [{ role: 'user' as const, content: 'Hello' }];
const environment = { KEY: 'sk-key', TITLE: 'from-the-environment' };

interface Received {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An endpoint on this machine that keeps what it received. */
async function withEndpoint(use: (port: number, received: Received[]) => Promise<void>): Promise<void> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
      chunks.push(chunk as Buffer);
    }
    received.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
    response.end('{"choices": []}');
  });
  await withServer(server, (port) => use(port, received));
}

async function withServer(server: Server, use: (port: number) => Promise<void>): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const options = { signal: new AbortController().signal, idempotencyKey: 'k', onFreshConnection: true };

test('parameters are merged into the body, null leaves a field out, and the body holds no null of its own', () => {
  const parameters = { top_p: 0.9, seed: null, temperature: null, chat_template_kwargs: { enable_thinking: false } };
  expect(JSON.parse(JSON.stringify(chatRequest({ ...config, parameters }, messages, 3)))).toEqual({
    ...{ model: 'm', messages, max_tokens: 7, top_p: 0.9, chat_template_kwargs: { enable_thinking: false } },
  });
});

test('a system prompt comes first, and joins one that the task has', () => {
  const system = { role: 'system' as const, content: 'You are a task.' };
  const withSystem = { ...config, system: 'Be brief.' };
  expect(chatRequest(withSystem, messages, 1).messages).toEqual([
    { role: 'system', content: 'Be brief.' },
    ...messages,
  ]);
  expect(chatRequest(withSystem, [system, ...messages], 1).messages).toEqual([
    { role: 'system', content: 'Be brief.\n\nYou are a task.' },
    ...messages,
  ]);
});

test('parameters and the system prompt are part of a request’s identity; without them it is what it always was', () => {
  const hashOf = (change: Partial<TeacherConfig>) => {
    const changed = { ...config, ...change };
    return requestHash(changed, chatRequest(changed, messages, 1), 1, 0);
  };
  expect(hashOf({})).toBe('3cee816f99fc219c5b7b60409e020a4cc2ac0e74bfacc531abf64e6bac832f22');
  const hashes = [{}, { parameters: { top_p: 0.9 } }, { parameters: { seed: null } }, { system: 'Be brief.' }].map(
    hashOf,
  );
  expect(new Set(hashes).size).toBe(4);
  const callers = { 'X-Title': 'a', 'User-Agent': 'b', 'api-key': { env: 'KEY' } };
  expect(hashOf({ parameters: {}, headers: callers, query: {} })).toBe(hashOf({}));
  const versions = [{ query: { 'api-version': 'a' } }, { query: { 'api-version': 'b' } }, { headers: { beta: 'x' } }];
  expect(new Set([{}, ...versions].map(hashOf)).size).toBe(4);
  expect(hashOf({ headers: { Beta: 'x' } })).toBe(hashOf({ headers: { beta: 'x' } }));
});

test('headers and query are sent, values come from the environment, and are taken out of what is shown', () =>
  withEndpoint(async (port, received) => {
    const asked: TeacherConfig = {
      ...{ ...config, base_url: `http://127.0.0.1:${port}/v1/` },
      headers: { 'X-Title': { env: 'TITLE' }, 'HTTP-Referer': 'https://example.org' },
      query: { 'api-version': '2024-10-21', beta: true },
    };
    await openEndpoint(asked, environment, undefined).post(chatRequest(asked, messages, 1), options);
    expect(received[0]).toMatchObject({
      url: '/v1/chat/completions?api-version=2024-10-21&beta=true',
      headers: {
        ...{ authorization: 'Bearer sk-key', 'x-title': 'from-the-environment' },
        ...{ 'http-referer': 'https://example.org', 'content-type': 'application/json' },
      },
    });
    expect(secretsAt(asked, environment).redact('it was from-the-environment')).toBe('it was [TITLE]');
  }));

test('a header of the configuration may replace the authorization', () =>
  withEndpoint(async (port, received) => {
    const base_url = `http://127.0.0.1:${port}/v1`;
    const asked: TeacherConfig = { ...config, base_url, headers: { Authorization: { env: 'TITLE' } } };
    await openEndpoint(asked, environment, undefined).post(chatRequest(asked, messages, 1), options);
    expect(received[0]?.headers.authorization).toBe('from-the-environment');
  }));

test.each([undefined, '', 'two\nlines'])(
  'a header without a value that can be sent is said before anything is sent: %j',
  (value) => {
    const asked: TeacherConfig = {
      ...config,
      base_url: 'https://a.example/v1',
      headers: { 'X-Title': { env: 'TITLE' } },
    };
    expect(() => openEndpoint(asked, { KEY: 'k', TITLE: value }, undefined)).toThrow(/header X-Title .* TITLE/);
  },
);

describe('a proxy of the environment', () => {
  /** Tunnels every CONNECT to the endpoint, whatever host was asked for, and keeps the hosts. */
  const proxyTo = (port: number, hosts: string[]) =>
    createServer().on('connect', ({ url }, client) => {
      hosts.push(url ?? '');
      const upstream = connect(port, '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        upstream.pipe(client).pipe(upstream);
      });
      upstream.on('error', () => client.destroy());
      client.on('error', () => upstream.destroy());
    });

  const ask = (base_url: string, proxies: Record<string, string>) =>
    openEndpoint({ ...config, base_url }, { ...environment, ...proxies }, undefined).post(
      chatRequest(config, messages, 1),
      options,
    );

  test('is used for other hosts, never for this machine, and not for what NO_PROXY lists', () =>
    withEndpoint(async (port, received) => {
      const hosts: string[] = [];
      await withServer(proxyTo(port, hosts), async (proxyPort) => {
        const HTTP_PROXY = `http://127.0.0.1:${proxyPort}`;
        await ask('http://teacher.invalid/v1', { HTTP_PROXY });
        expect(hosts).toEqual(['teacher.invalid:80']);
        await ask(`http://127.0.0.1:${port}/v1`, { HTTP_PROXY });
        await ask(`http://localhost:${port}/v1`, { HTTP_PROXY });
        await expect(ask('http://teacher.invalid/v1', { HTTP_PROXY, NO_PROXY: 'teacher.invalid' })).rejects.toThrow();
        expect(hosts).toHaveLength(1);
        expect(received).toHaveLength(3);
      });
    }));

  /** Asks with the built program, in a process of its own: what it trusts is read when it starts. */
  async function askInChild(base_url: string, proxies: Record<string, string>): Promise<string> {
    const script = `
      const { openEndpoint } = require('./dist/teacher/client');
      const { chatRequest } = require('./dist/teacher/request');
      const [config, messages] = JSON.parse(process.argv[1]);
      openEndpoint(config, process.env, undefined)
        .post(chatRequest(config, messages, 1), { signal: AbortSignal.timeout(20_000), idempotencyKey: 'k' })
        .then((raw) => raw, (error) => { const causes = []; for (; error; error = error.cause) causes.push(error.code); return causes.join(' '); })
        .then((text) => process.stdout.write(text, () => process.exit()));`;
    const given = JSON.stringify([{ ...config, base_url }, messages]);
    const { HOME, PATH } = process.env;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, given], {
      cwd: join(__dirname, '..', '..', '..'),
      env: { HOME, PATH, ...environment, ...proxies },
    });
    return stdout;
  }

  test('carries TLS to the endpoint by CONNECT, with the certificate checked, unless NO_PROXY lists the host', async () => {
    const { key, certificate, authority } = makeCertificates('DNS:teacher.invalid');
    const received: string[] = [];
    const endpoint = createTlsServer({ key, cert: certificate }, ({ headers }, response) => {
      received.push(headers.authorization ?? '');
      response.end('{"choices": []}');
    });
    const hosts: string[] = [];
    await withServer(endpoint, (port) =>
      withServer(proxyTo(port, hosts), async (proxyPort) => {
        const trusting = { HTTPS_PROXY: `http://127.0.0.1:${proxyPort}`, NODE_EXTRA_CA_CERTS: authority };
        const url = 'https://teacher.invalid/v1';
        const [trusted, untrusted, ...direct] = await Promise.all([
          askInChild(url, trusting),
          askInChild(url, { ...trusting, NODE_EXTRA_CA_CERTS: '' }),
          askInChild(url, { ...trusting, NO_PROXY: 'other.example,.invalid' }),
          askInChild(url, { ...trusting, NO_PROXY: '*' }),
        ]);
        expect(trusted).toBe('{"choices": []}');
        expect(untrusted).toMatch(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN/);
        // Asked directly, and there is no such host.
        expect(direct).toEqual([
          expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
          expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
        ]);
        expect(hosts).toEqual(['teacher.invalid:443', 'teacher.invalid:443']);
        // The key was given to the endpoint that could be trusted, and to nobody else.
        expect(received).toEqual(['Bearer sk-key']);
      }),
    );
  });

  test('without an address is said before anything is sent', async () => {
    expect(() =>
      openEndpoint(
        { ...config, base_url: 'https://a.example/v1' },
        { ...environment, HTTPS_PROXY: 'nowhere' },
        undefined,
      ),
    ).toThrow('HTTP_PROXY or HTTPS_PROXY holds no address of a proxy');
  });
});
