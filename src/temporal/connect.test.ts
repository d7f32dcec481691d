import { workerConnectionOptions } from './connect';

describe('the proxy of a worker connection', () => {
  const proxyFor = (address: string, environment: NodeJS.ProcessEnv) =>
    workerConnectionOptions({ address }, environment).proxy ?? null;
  const named = { https_proxy: 'http://proxy.example:3128' };
  const expected = { type: 'http-connect', targetHost: 'proxy.example:3128' };

  it.each(['127.0.0.1:7233', '127.8.0.1:1', 'localhost:7233', '[::1]:7233', 'LOCALHOST:7233'])(
    'is none for %s, which is on this machine',
    (address) => expect(proxyFor(address, named)).toBeNull(),
  );

  it('is the one that the environment names for a cluster elsewhere', () => {
    expect(proxyFor('cluster.example:7233', named)).toEqual(expected);
    expect(proxyFor('cluster.example:7233', { http_proxy: 'http://proxy.example:3128' })).toEqual(expected);
    expect(proxyFor('localhost.example:7233', named)).toEqual(expected);
  });

  it('is given the name and the password of the address', () =>
    expect(proxyFor('cluster.example:7233', { grpc_proxy: 'http://me:p%23w@proxy.example' })).toEqual({
      type: 'http-connect',
      targetHost: 'proxy.example:80',
      basicAuth: { username: 'me', password: 'p#w' },
    }));

  it.each(['cluster.example', '.example', 'other.test,cluster.example'])('is none where no_proxy is %s', (no_proxy) =>
    expect(proxyFor('cluster.example:7233', { ...named, no_proxy })).toBeNull(),
  );

  it('is none for an address in a range of no_proxy', () => {
    expect(proxyFor('10.1.2.3:7233', { ...named, no_proxy: '10.0.0.0/8' })).toBeNull();
    expect(proxyFor('11.1.2.3:7233', { ...named, no_proxy: '10.0.0.0/8' })).toEqual(expected);
  });

  it('is none where the variable names no HTTP proxy', () => {
    for (const https_proxy of ['', 'socks5://proxy.example:1', 'not an address']) {
      expect(proxyFor('cluster.example:7233', { https_proxy })).toBeNull();
    }
  });
});
