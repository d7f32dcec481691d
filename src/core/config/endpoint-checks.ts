import { secretName, secretPattern } from '../secrets';
import type { ConfigFinding } from './problems';
import { parameterFindings } from './request-fields';
import type { RunConfig, TeacherConfig } from './schema';

type Endpoint = Partial<Pick<TeacherConfig, 'base_url' | 'headers' | 'query' | 'parameters' | 'system'>>;

/** What could not be sent, or would put a secret into a file, found before anything is bought. */
export function endpointFindings(section: 'teacher' | 'judge', endpoint: Endpoint): ConfigFinding[] {
  return [
    ...addressFindings(section, endpoint.base_url),
    ...headerFindings(section, endpoint.headers ?? {}),
    ...queryFindings(section, endpoint.query ?? {}),
    ...parameterFindings(section, endpoint),
  ];
}

function addressFindings(section: string, baseUrl: string | undefined): ConfigFinding[] {
  if (baseUrl === undefined) {
    return [];
  }
  const path = [section, 'base_url'];
  const { username, password, pathname } = new URL(baseUrl);
  if (username !== '' || password !== '') {
    return [
      { path, message: `expected a URL without a user or password; name the variable in ${section}.api_key_env` },
    ];
  }
  if (/[?#]/.test(baseUrl)) {
    return [{ path, message: `expected a URL without "?" or "#"; move its query to ${section}.query` }];
  }
  return /\/(chat\/)?completions\/?$/.test(pathname)
    ? [{ path, message: 'expected the URL up to and including /v1; /chat/completions is added to it' }]
    : [];
}

/** Headers that the program or HTTP itself sets. */
const reservedHeaders = new Set([
  ...['accept', 'connection', 'content-encoding', 'content-length', 'content-type', 'expect', 'host'],
  ...['idempotency-key', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

const secretHeader = /auth|cookie|credential|key|password|secret|token/i;

function headerFindings(section: string, headers: NonNullable<TeacherConfig['headers']>): ConfigFinding[] {
  const names = Object.keys(headers);
  return Object.entries(headers).flatMap(([name, value]) => {
    const refuse = (message: string) => [{ path: [section, 'headers', name], message }];
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
      return refuse('expected the name of a header: letters, digits and dashes');
    }
    if (reservedHeaders.has(name.toLowerCase())) {
      return refuse(`tutelage sets the header ${name} itself`);
    }
    if (names.find((other) => other.toLowerCase() === name.toLowerCase()) !== name) {
      return refuse('the same header twice: capital letters make no difference');
    }
    if (typeof value !== 'string') {
      return [];
    }
    if (secretHeader.test(name) || secretPattern.test(value)) {
      return refuse('a secret does not belong in a file; use {env: NAME} to take it from the environment');
    }
    return isHeaderValue(value) ? [] : refuse('expected printable ASCII characters, without spaces at the ends');
  });
}

/** What every server and proxy takes as a header's value. */
export const isHeaderValue = (value: string): boolean => /^[\x20-\x7e]*$/.test(value) && value.trim() === value;

function queryFindings(section: string, query: NonNullable<RunConfig['teacher']['query']>): ConfigFinding[] {
  return Object.entries(query).flatMap(([name, value]) =>
    secretName.test(name) || secretPattern.test(String(value))
      ? [
          {
            path: [section, 'query', name],
            message: `a secret does not belong in a file; use ${section}.api_key_env, or a header with {env: NAME}`,
          },
        ]
      : [],
  );
}
