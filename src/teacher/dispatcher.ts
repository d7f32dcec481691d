import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { messageOf, TutelageError } from '../core/errors';

/**
 * The connections to an endpoint: directly, or through the proxy that `HTTPS_PROXY` or `HTTP_PROXY` names, unless
 * `NO_PROXY` lists the host. A server on this machine is always reached directly. `fetch` itself would end a request
 * after 300 s; here it ends by `teacher.timeout_seconds` alone.
 * @throws TutelageError `missing` where a proxy variable holds no address
 */
export function openDispatcher(baseUrl: string, environment: Readonly<Record<string, string | undefined>>): Dispatcher {
  const options = { headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 30_000 } };
  // The lower-case name comes first, as in curl.
  const httpProxy = environment.http_proxy || environment.HTTP_PROXY || '';
  const httpsProxy = environment.https_proxy || environment.HTTPS_PROXY || '';
  if (isOnThisMachine(baseUrl) || (httpProxy === '' && httpsProxy === '')) {
    return new Agent(options);
  }
  const noProxy = environment.no_proxy || environment.NO_PROXY || '';
  try {
    return new EnvHttpProxyAgent({ ...options, httpProxy, httpsProxy, noProxy });
  } catch (error) {
    throw new TutelageError(
      'missing',
      `HTTP_PROXY or HTTPS_PROXY holds no address of a proxy: ${messageOf(error)}`,
      'set it to an address such as http://proxy.example:3128, or unset it',
    );
  }
}

function isOnThisMachine(baseUrl: string): boolean {
  const { hostname } = new URL(baseUrl);
  return /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\]|0\.0\.0\.0|\[::\])$/.test(hostname);
}
