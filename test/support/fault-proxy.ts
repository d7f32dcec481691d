import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What the proxy does with one request instead of passing it on. */
export type HttpFault =
  /** An answer in S3's form. */
  | { readonly status: number; readonly code: string }
  /** The connection is reset before anything is answered. */
  | 'cut'
  /** The answer breaks off in the middle of its body. */
  | 'cut-body'
  /** Nothing is answered. */
  | 'silence'
  | null;

export interface FaultProxy {
  readonly endpoint: string;
  /** Every request that came, as `METHOD /path`. */
  readonly requests: readonly string[];
  /** From the next request on; the number counts the requests since then, from 0. */
  behave(fault: (request: IncomingMessage, number: number) => HttpFault, options?: { delayMs?: number }): void;
  close(): Promise<void>;
}

/** Sits in front of an HTTP server and misbehaves as it is told. Signatures are kept: the `Host` that was signed is forwarded. */
export async function startFaultProxy(target: string, options: { host?: string } = {}): Promise<FaultProxy> {
  const requests: string[] = [];
  let fault: (request: IncomingMessage, number: number) => HttpFault = () => null;
  let [number, delayMs] = [0, 0];
  const server = createServer((incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url}`);
    const met = fault(incoming, number++);
    void delay(delayMs).then(() => answer(incoming, outgoing, { met, target: new URL(target) }));
  });
  await new Promise<void>((resolve) => server.listen(0, options.host ?? '127.0.0.1', resolve));
  return {
    endpoint: `http://${options.host ?? '127.0.0.1'}:${(server.address() as AddressInfo).port}`,
    requests,
    behave: (next, { delayMs: every = 0 } = {}) => {
      [fault, number, delayMs] = [next, 0, every];
      requests.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(incoming: IncomingMessage, outgoing: ServerResponse, { met, target }: { met: HttpFault; target: URL }) {
  if (met === 'silence') {
    return;
  }
  if (met === 'cut') {
    incoming.socket.resetAndDestroy();
    return;
  }
  if (met !== null && met !== 'cut-body') {
    incoming.resume();
    outgoing.writeHead(met.status, { 'content-type': 'application/xml' });
    const body = `<Error><Code>${met.code}</Code><Message>refused for the test</Message></Error>`;
    outgoing.end(incoming.method === 'HEAD' ? '' : body);
    return;
  }
  const { hostname, port } = target;
  const { method, url: path, headers } = incoming;
  const onward = request({ hostname, port, method, path, headers }, (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    if (met === 'cut-body') {
      response.once('data', (part: Buffer) => {
        outgoing.write(part.subarray(0, part.length >> 1), () => incoming.socket.resetAndDestroy());
      });
      return;
    }
    response.pipe(outgoing);
  });
  onward.on('error', () => incoming.socket.resetAndDestroy());
  outgoing.on('close', () => onward.destroy());
  incoming.pipe(onward);
}
