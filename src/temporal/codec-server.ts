import { type ServerType, serve } from '@hono/node-server';
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { z } from 'zod';
import type { WebUi } from './open-temporal';

const BODY_BYTES_MAX = 50 * 1024 * 1024;

/** Protobuf's JSON form of payloads: bytes are base64. */
const bodySchema = z.object({
  payloads: z.array(z.object({ metadata: z.record(z.string(), z.base64()).optional(), data: z.base64().optional() })),
});

/**
 * Decrypts payloads for the Web UI, which asks from the browser, while `tutelage temporal` runs. Only pages of that UI are
 * answered; it encrypts nothing, so nobody can use it to make a message that the workers accept.
 *
 * @returns ends it; where another process serves the port already, that one is left in place
 */
export async function serveCodec(
  { url, codecPort }: WebUi,
  { payloadCodecs = [] }: DataConverter,
): Promise<() => Promise<void>> {
  const app = codecApp(url, codecPort, payloadCodecs);
  const server = await new Promise<ServerType | null>((resolve, reject) => {
    const starting = serve({ fetch: app.fetch, port: codecPort, hostname: '127.0.0.1' }, () => resolve(starting));
    starting.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    );
  });
  return () => new Promise((resolve) => (server === null ? resolve() : server.close(() => resolve())));
}

export function codecApp(uiUrl: string, port: number, codecs: readonly PayloadCodec[]): Hono {
  const app = new Hono();
  const { origin } = new URL(uiUrl);
  const origins = [origin, origin.replace('127.0.0.1', 'localhost')];
  app.use(async (context, next) => {
    // A page of another site that points its own name at this machine sends that name.
    const isOwnHost = [`127.0.0.1:${port}`, `localhost:${port}`].includes(context.req.header('host') ?? '');
    const isOwnPage = origins.includes(context.req.header('origin') ?? '');
    return isOwnHost && isOwnPage ? next() : context.text('only for the Web UI of this workspace', 403);
  });
  app.use(
    cors({ origin: origins, allowMethods: ['POST'], allowHeaders: ['content-type', 'x-namespace', 'authorization'] }),
  );
  app.post('/decode', async (context) => {
    const length = Number(context.req.header('content-length') ?? Number.POSITIVE_INFINITY);
    const body = length > BODY_BYTES_MAX ? null : bodySchema.safeParse(await context.req.json().catch(() => null));
    if (!body?.success) {
      return context.text('expected payloads as JSON', 400);
    }
    const payloads = await Promise.all(body.data.payloads.map((payload) => decodeOne(fromJson(payload), codecs)));
    return context.json({ payloads: payloads.map(toJson) });
  });
  return app;
}

/** What cannot be decrypted is shown as it is. */
async function decodeOne(payload: Payload, codecs: readonly PayloadCodec[]): Promise<Payload> {
  let decoded = payload;
  for (const codec of codecs.toReversed()) {
    const [next = decoded] = await codec.decode([decoded]).catch(() => [decoded]);
    decoded = next;
  }
  return decoded;
}

type JsonPayload = z.infer<typeof bodySchema>['payloads'][number];

const fromJson = ({ metadata = {}, data = '' }: JsonPayload): Payload => ({
  metadata: Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [name, new Uint8Array(Buffer.from(value, 'base64'))]),
  ),
  data: new Uint8Array(Buffer.from(data, 'base64')),
});

const toJson = ({ metadata, data }: Payload): JsonPayload => ({
  metadata: Object.fromEntries(
    Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
  ),
  data: Buffer.from(data ?? []).toString('base64'),
});
