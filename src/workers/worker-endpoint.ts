import { createServer } from 'node:http';
import { TutelageError } from '../core/errors';
import type { Ledger } from '../store/ledger';

export interface WorkerEndpoint {
  readonly url: string;
  close(): Promise<void>;
}

export interface EndpointSource {
  readonly ledger: Pick<Ledger, 'billOf' | 'unknownCalls'>;
  /** Where the SDK's own figures are. */
  readonly metricsPort: number;
  /** What `/health` says; a worker that is draining is not healthy, so that it receives nothing new. */
  health(): { readonly state: 'serving' | 'draining' } & Readonly<Record<string, unknown>>;
}

/**
 * What a cluster's health checks and monitoring ask a worker: `/health` (200 while it takes work, 503 while it drains) and `/metrics` in
 * Prometheus' form, the SDK's figures and the ledger's.
 *
 * @throws TutelageError `usage` when the address cannot be listened on
 */
export async function openWorkerEndpoint(
  { host, port }: { readonly host: string; readonly port: number },
  source: EndpointSource,
): Promise<WorkerEndpoint> {
  const server = createServer((request, response) => {
    const answer = (status: number, type: string, text: string) =>
      response.writeHead(status, { 'content-type': type }).end(text);
    if (request.url === '/health') {
      const health = source.health();
      answer(health.state === 'serving' ? 200 : 503, 'application/json', `${JSON.stringify(health)}\n`);
    } else if (request.url === '/metrics') {
      metrics(source).then(
        (text) => answer(200, 'text/plain; version=0.0.4', text),
        (error: Error) => answer(500, 'text/plain', `${error.message}\n`),
      );
    } else {
      answer(404, 'text/plain', 'here are /health and /metrics\n');
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new TutelageError(
          'usage',
          `${host}:${port} cannot be listened on: ${cause.message}`,
          'give another with --listen',
        ),
      ),
    );
    server.listen({ host, port }, resolve);
  });
  const { port: taken } = server.address() as { port: number };
  return {
    url: `http://${host}:${taken}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function metrics({ ledger, metricsPort }: EndpointSource): Promise<string> {
  const [sdk, bill, unknown] = await Promise.all([
    fetch(`http://127.0.0.1:${metricsPort}/metrics`).then((response) => response.text()),
    ledger.billOf(null),
    ledger.unknownCalls(null),
  ]);
  const gauges: readonly (readonly [name: string, help: string, value: number])[] = [
    ['tutelage_bought_answers', 'Answers paid for, each once, in the whole ledger.', bill.calls],
    ['tutelage_bought_input_tokens', 'Input tokens of the answers paid for.', bill.inputTokens],
    ['tutelage_bought_output_tokens', 'Output tokens of the answers paid for.', bill.outputTokens],
    ['tutelage_bought_usd', 'What the answers cost, in USD.', bill.nanoUsd / 1e9],
    [
      'tutelage_calls_unknown',
      'Requests whose outcome was lost; they stay counted against their budget.',
      unknown.length,
    ],
  ];
  const own = gauges.map(([name, help, value]) => `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}\n`);
  return `${sdk.trimEnd()}\n${own.join('')}`;
}
