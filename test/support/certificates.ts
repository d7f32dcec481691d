import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';

export interface Certificates {
  /** Path of the authority's certificate. */
  readonly authority: string;
  readonly key: Buffer;
  readonly certificate: Buffer;
}

/** An authority of its own and a certificate by it, for `temporal.test` unless told otherwise, made with openssl. */
export function makeCertificates(name = 'DNS:temporal.test'): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'tutelage-certificates-'));
  const path = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', path('ca.key'), '-out', path('ca.pem'), '-subj', '/CN=authority');
  openssl('req', ...key, '-keyout', path('key.pem'), '-out', path('request.pem'), '-subj', '/CN=temporal.test');
  writeFileSync(path('names'), `subjectAltName=${name}\n`);
  const signing = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-CAcreateserial', '-extfile', path('names')];
  openssl('x509', '-req', '-in', path('request.pem'), ...signing, '-out', path('cert.pem'));
  return {
    authority: path('ca.pem'),
    key: readFileSync(path('key.pem')),
    certificate: readFileSync(path('cert.pem')),
  };
}

/** Speaks TLS with its callers and plainly with the server behind it, as the gateway of a cluster does. */
export async function startTlsGateway(
  target: string,
  { key, certificate }: Certificates,
): Promise<{ address: string; stop(): void }> {
  const [host, port] = target.split(':') as [string, string];
  const server = createServer({ key, cert: certificate, ALPNProtocols: ['h2'] }, (socket) => {
    const behind = connect(Number(port), host);
    socket.pipe(behind).pipe(socket);
    for (const end of [socket, behind]) {
      end.on('error', () => {
        socket.destroy();
        behind.destroy();
      });
    }
  });
  // A client that does not trust the certificate hangs up in the middle of the handshake.
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: taken } = server.address() as { port: number };
  return { address: `127.0.0.1:${taken}`, stop: () => server.close() };
}
