import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { codecApp } from './codec-server';
import { payloadCodec } from './payload-codec';

const codec = payloadCodec(Buffer.alloc(32, 7));
const app = codecApp('http://127.0.0.1:8233', 9000, [codec]);
const own = { host: '127.0.0.1:9000', origin: 'http://127.0.0.1:8233', 'content-type': 'application/json' };
const base64 = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString('base64');

const post = (body: string, headers: Record<string, string> = own) =>
  app.request('/decode', { method: 'POST', body, headers: { 'content-length': String(body.length), ...headers } });

async function encrypted(value: unknown): Promise<string> {
  const [{ metadata = {}, data } = {}] = await codec.encode([defaultPayloadConverter.toPayload(value) as Payload]);
  const names = Object.fromEntries(Object.entries(metadata ?? {}).map(([name, bytes]) => [name, base64(bytes)]));
  return JSON.stringify({ payloads: [{ metadata: names, data: base64(data) }] });
}

test("the Web UI of this workspace reads a run's payloads", async () => {
  const response = await post(await encrypted({ run: 'small' }));
  const { payloads }: { payloads: { data: string }[] } = JSON.parse(await response.text());
  expect(JSON.parse(Buffer.from(payloads[0]?.data ?? '', 'base64').toString())).toEqual({ run: 'small' });
  expect(response.headers.get('access-control-allow-origin')).toBe(own.origin);
});

test.each([
  ['another page', { ...own, origin: 'https://page.example' }],
  ['another name of this machine', { ...own, host: 'page.example:9000' }],
  ['no page', { host: own.host, 'content-type': 'application/json' }],
])('%s is refused', async (_, headers) => {
  expect((await post(await encrypted('x'), headers)).status).toBe(403);
});

test.each(['', '{', '{"payloads": 1}', '{"payloads": [{"data": "%"}]}'])('%j is refused', async (body) => {
  expect((await post(body)).status).toBe(400);
});

test('what cannot be decrypted is shown as it is', async () => {
  const plain = { payloads: [{ metadata: {}, data: base64(Buffer.from('plain')) }] };
  expect(await (await post(JSON.stringify(plain))).json()).toEqual(plain);
});
