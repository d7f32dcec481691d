import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { namedCluster, unreachable } from './named-cluster';

const folder = mkdtempSync(join(tmpdir(), 'named-cluster-'));
const profiles = join(folder, 'temporal.toml');
writeFileSync(
  profiles,
  `
[profile.default]
address = "cluster.example:7233"
namespace = "lab"

[profile.cloud]
address = "lab.a1b2c.tmprl.cloud:7233"
namespace = "lab.a1b2c"
api_key = "key-of-the-file"
`,
);
const authority = join(folder, 'authority.pem');
writeFileSync(authority, 'a certificate');

/** No file but the one that a case names. */
const nowhere = { XDG_CONFIG_HOME: folder, HOME: folder };

describe('the cluster that the environment names', () => {
  const check = (environment: NodeJS.ProcessEnv, expected: unknown) =>
    expect(namedCluster({ ...nowhere, ...environment })).toEqual(expected);

  it('is none where nothing is set', () => check({}, null));

  it('is that of TEMPORAL_ADDRESS, in the namespace `default` unless another is named', () => {
    check({ TEMPORAL_ADDRESS: 'h:1' }, { namespace: 'default', connectionOptions: { address: 'h:1' } });
    check(
      { TEMPORAL_ADDRESS: 'h:1', TEMPORAL_NAMESPACE: 'lab' },
      { namespace: 'lab', connectionOptions: { address: 'h:1' } },
    );
  });

  it('is reached by TLS where there is an API key', () =>
    check(
      { TEMPORAL_ADDRESS: 'h:1', TEMPORAL_API_KEY: 'k' },
      { namespace: 'default', connectionOptions: { address: 'h:1', apiKey: 'k', tls: true } },
    ));

  it('is reached by TLS with the authority and the name that are given', () =>
    check(
      { TEMPORAL_ADDRESS: 'h:1', TEMPORAL_TLS_SERVER_CA_CERT_PATH: authority, TEMPORAL_TLS_SERVER_NAME: 'temporal' },
      {
        namespace: 'default',
        connectionOptions: {
          address: 'h:1',
          tls: expect.objectContaining({
            serverNameOverride: 'temporal',
            serverRootCACertificate: Buffer.from('a certificate'),
          }),
        },
      },
    ));

  it("is that of a profile in Temporal's own file", () => {
    check(
      { TEMPORAL_CONFIG_FILE: profiles },
      { namespace: 'lab', connectionOptions: { address: 'cluster.example:7233' } },
    );
    check(
      { TEMPORAL_CONFIG_FILE: profiles, TEMPORAL_PROFILE: 'cloud' },
      {
        namespace: 'lab.a1b2c',
        connectionOptions: { address: 'lab.a1b2c.tmprl.cloud:7233', apiKey: 'key-of-the-file', tls: true },
      },
    );
  });

  it('is none where TEMPORAL_ADDRESS is set to nothing, whatever the file says', () =>
    check({ TEMPORAL_CONFIG_FILE: profiles, TEMPORAL_ADDRESS: '' }, null));

  it('is told to be wrong where a profile or a certificate is not there', () => {
    for (const environment of [
      { TEMPORAL_CONFIG_FILE: profiles, TEMPORAL_PROFILE: 'absent' },
      { TEMPORAL_ADDRESS: 'h:1', TEMPORAL_TLS_SERVER_CA_CERT_PATH: join(folder, 'absent.pem') },
    ]) {
      expect(() => namedCluster({ ...nowhere, ...environment })).toThrow(/absent/);
    }
  });
});

describe('a cluster that cannot be reached', () => {
  const check = async (said: string, tls: boolean, expected: RegExp) => {
    const problem = await unreachable({ address: '127.0.0.1:1', ...(tls ? { tls } : {}) }, new Error(said));
    expect(problem).toMatchObject({ kind: 'missing', hint: expect.stringMatching(expected) });
  };

  it('says which key to check where the client is refused', () => check('Unauthenticated', false, /TEMPORAL_API_KEY/));
  it('thinks of TLS where there was none', () => check('deadline exceeded', false, /TEMPORAL_TLS=true/));
  it('speaks of the address otherwise', () => check('deadline exceeded', true, /TEMPORAL_ADDRESS/));
});
