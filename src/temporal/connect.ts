import { isIPv4 } from 'node:net';
import type { Connection, ConnectionOptions } from '@temporalio/client';
import type { NativeConnectionOptions } from '@temporalio/worker';
import type { TemporalConnectionOptions } from './named-cluster';

/**
 * Connects a client. A server on this machine is reached directly; another one through the proxy that the environment
 * names (`grpc_proxy`, `https_proxy` or `http_proxy`, unless `no_grpc_proxy` or `no_proxy` lists the host), by gRPC's own
 * rules. Worker connections follow the same rules, see `workerConnectionOptions`.
 */
export async function connectClient(
  options: TemporalConnectionOptions,
  further: Pick<ConnectionOptions, 'connectTimeout' | 'channelArgs'> = {},
): Promise<Connection> {
  return loadClient().Connection.connect({
    ...options,
    ...further,
    channelArgs: { ...further.channelArgs, ...(isLocalAddress(options.address) ? withoutProxy : {}) },
  });
}

/**
 * The SDK, which takes a fifth of a second to load and so is loaded when it is first needed. It is required, not imported:
 * while Node resolves an `import()` of a CommonJS package, a `require` of it elsewhere gets it without its exports, and
 * so does everybody after that.
 */
export const loadClient = (): typeof import('@temporalio/client') => require('@temporalio/client');

const withoutProxy = { 'grpc.enable_http_proxy': 0 };

/** The native client knows no environment variables: it is told which proxy the others use. */
export function workerConnectionOptions(
  options: TemporalConnectionOptions,
  environment: NodeJS.ProcessEnv = process.env,
): NativeConnectionOptions {
  const proxy = proxyOf(hostOf(options.address), environment);
  return proxy === null ? options : { ...options, proxy };
}

function proxyOf(host: string, environment: NodeJS.ProcessEnv): NonNullable<NativeConnectionOptions['proxy']> | null {
  const named = environment.grpc_proxy || environment.https_proxy || environment.http_proxy;
  const excepted = (environment.no_grpc_proxy || environment.no_proxy || '').split(',');
  if (!named || !URL.canParse(named) || isLocalAddress(host) || excepted.some((entry) => covers(entry, host))) {
    return null;
  }
  const { protocol, hostname, port, username, password } = new URL(named);
  if (protocol !== 'http:') {
    return null;
  }
  const credentials = { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  return {
    type: 'http-connect',
    targetHost: `${hostname}:${port || 80}`,
    ...(username === '' ? {} : { basicAuth: credentials }),
  };
}

/** As gRPC reads `no_proxy`: the end of a host's name, or a range of IPv4 addresses. */
function covers(entry: string, host: string): boolean {
  const [address = '', length] = entry.split('/');
  if (length !== undefined && isIPv4(address) && isIPv4(host)) {
    const bits = Number(length);
    return bits >= 0 && bits <= 32 && firstBits(address, bits) === firstBits(host, bits);
  }
  return entry !== '' && host.endsWith(entry);
}

const firstBits = (address: string, bits: number): string =>
  address
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('')
    .slice(0, bits);

/** Of `host:port`, `[::1]:port` or a host alone. */
function hostOf(address: string): string {
  const [, bracketed] = /^\[([^\]]+)\]/.exec(address) ?? [];
  return bracketed ?? (address.split(':').length > 2 ? address : (address.split(':')[0] ?? address));
}

function isLocalAddress(address: string): boolean {
  const host = hostOf(address).toLowerCase();
  return (
    host === 'localhost' || host === '::1' || host.endsWith('.localhost') || (isIPv4(host) && host.startsWith('127.'))
  );
}
