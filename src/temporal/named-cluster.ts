import { connect } from 'node:tls';
import type { TLSConfig } from '@temporalio/client';
import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import { TutelageError } from '../core/errors';

/** What `Connection.connect` and `NativeConnection.connect` take. */
export interface TemporalConnectionOptions {
  readonly address: string;
  readonly tls?: TLSConfig | boolean;
  readonly apiKey?: string;
  readonly metadata?: Record<string, string>;
}

export interface NamedCluster {
  readonly namespace: string;
  readonly connectionOptions: TemporalConnectionOptions;
}

/**
 * The cluster that Temporal's own environment configuration names: TEMPORAL_ADDRESS and its companions, or a profile of
 * its configuration file (TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE). `null` where none is named, or where TEMPORAL_ADDRESS
 * is set to nothing, which asks for the workspace's own server whatever the file says.
 *
 * @throws TutelageError `usage` when a file it names cannot be read
 */
export function namedCluster(environment: NodeJS.ProcessEnv = process.env): NamedCluster | null {
  if (environment.TEMPORAL_ADDRESS === '') {
    return null;
  }
  const { namespace, connectionOptions } = loadProfile(environment);
  const { address, tls, apiKey, metadata } = connectionOptions;
  if (!address) {
    return null;
  }
  return {
    namespace: namespace || 'default',
    connectionOptions: {
      address,
      ...(tls ? { tls } : {}),
      ...(typeof apiKey === 'string' && apiKey !== '' ? { apiKey } : {}),
      ...(metadata === undefined ? {} : { metadata: metadata as Record<string, string> }),
    },
  };
}

function loadProfile(environment: NodeJS.ProcessEnv): ClientConnectConfig {
  // A variable that is set to nothing means the same as one that is not set.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value)) as Record<string, string>;
  try {
    return loadClientConnectConfig({ overrideEnvVars: given });
  } catch (cause) {
    throw new TutelageError(
      'usage',
      `Temporal's configuration cannot be read: ${(cause as Error).message}`,
      'look at TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE and the TEMPORAL_TLS_* variables and the files they name',
      { cause },
    );
  }
}

/** Why a cluster was not reached, and what to do: a wrong certificate, key or address each fails differently. */
export async function unreachable(options: TemporalConnectionOptions, cause: unknown): Promise<TutelageError> {
  const said = (await handshakeProblem(options)) ?? (cause as Error).message;
  const [what, hint] = causeOf(said, isSecure(options));
  return new TutelageError('missing', `no Temporal server answers at ${options.address}: ${what}`, hint, { cause });
}

/** For an untrusted certificate the client reports only a timeout; a separate TLS handshake gives the reason. */
function handshakeProblem(options: TemporalConnectionOptions): Promise<string | null> {
  if (!isSecure(options)) {
    return Promise.resolve(null);
  }
  const { hostname, port } = new URL(`https://${options.address}`);
  const tls = typeof options.tls === 'object' ? options.tls : {};
  return new Promise((resolve) => {
    const socket = connect({
      host: hostname,
      port: Number(port || 443),
      servername: tls.serverNameOverride ?? hostname,
      ...(tls.serverRootCACertificate ? { ca: Buffer.from(tls.serverRootCACertificate) } : {}),
      ...(tls.clientCertPair
        ? { cert: Buffer.from(tls.clientCertPair.crt), key: Buffer.from(tls.clientCertPair.key) }
        : {}),
      ALPNProtocols: ['h2'],
      timeout: HANDSHAKE_MS_MAX,
    });
    const end = (problem: string | null) => {
      socket.destroy();
      resolve(problem);
    };
    socket.once('secureConnect', () => end(null));
    socket.once('timeout', () => end(null));
    socket.once('error', (error) => end(error.message));
  });
}

const HANDSHAKE_MS_MAX = 5000;

const isSecure = ({ tls }: TemporalConnectionOptions) => tls !== undefined && tls !== false;

function causeOf(said: string, isTls: boolean): readonly [what: string, hint: string] {
  if (/certificate|self.signed|altnames|issuer|handshake|ssl/i.test(said)) {
    return [
      `TLS was refused (${said})`,
      'TEMPORAL_TLS_SERVER_CA_CERT_PATH names the authority that signed its certificate, TEMPORAL_TLS_SERVER_NAME the name in it',
    ];
  }
  if (/unauthenticated|permission.denied|unauthorized/i.test(said)) {
    return [`it refuses this client (${said})`, 'check TEMPORAL_API_KEY and TEMPORAL_NAMESPACE'];
  }
  const without = isTls ? '' : '; a server that wants TLS is silent to a client without: set TEMPORAL_TLS=true';
  return [
    said,
    `start the server that TEMPORAL_ADDRESS or the profile names, or set TEMPORAL_ADDRESS to nothing to use the embedded one${without}`,
  ];
}
