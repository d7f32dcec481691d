import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openArtifacts } from '../../src/store/artifacts/open-artifacts';
import { prepareArtifacts } from '../../src/store/artifacts/prepare-artifacts';
import { openBucket } from '../../src/store/artifacts/s3-bucket';
import { openWorkspace } from '../../src/store/workspace';
import { type FaultProxy, type HttpFault, startFaultProxy } from '../support/fault-proxy';
import { type S3Server, s3SecretMarker, startS3Server } from '../support/s3-server';

const before = { ...process.env };
let server: S3Server;
let proxy: FaultProxy;

beforeAll(async () => {
  server = await startS3Server();
  proxy = await startFaultProxy(server.endpoint);
  await server.makeBucket('faults');
}, 300_000);
afterAll(async () => {
  await proxy.close();
  await server.stop();
});
beforeEach(() => {
  process.env = {
    ...before,
    ...server.env,
    AWS_ENDPOINT_URL_S3: proxy.endpoint,
    TUTELAGE_ARTIFACTS: 's3://faults/some/prefix',
  };
});
afterEach(() => {
  process.env = before;
});

const freshWorkspace = async () => openWorkspace(await mkdtemp(join(tmpdir(), 'tutelage-s3-')));
const slowDown: HttpFault = { status: 503, code: 'SlowDown' };

describe('what may pass is waited out', () => {
  const largeBytes = 20 * 1024 ** 2;
  const check = async (fault: Parameters<FaultProxy['behave']>[0], bytes: number) => {
    const [here, there] = [await freshWorkspace(), await freshWorkspace()];
    const content = randomBytes(bytes);
    await writeFile(join(here.root, 'content'), content);
    proxy.behave(fault);
    const ref = await openArtifacts(here).putFile('model', join(here.root, 'content'));
    proxy.behave(fault);
    expect((await readFile(await openArtifacts(there).pathOf(ref))).equals(content)).toBe(true);
    proxy.behave(() => null);
  };
  const first = (count: number, fault: HttpFault) => (_: unknown, number: number) => (number < count ? fault : null);

  it('503 for a while', () => check(first(4, slowDown), 1000));
  it('503 for a while, in the middle of a large file', () =>
    check((_, number) => (number > 2 && number < 7 ? slowDown : null), largeBytes));
  it('500', () => check(first(2, { status: 500, code: 'InternalError' }), 1000));
  it('too many requests', () => check(first(2, { status: 429, code: 'TooManyRequests' }), 1000));
  it('connections that are reset', () => check(first(3, 'cut'), 1000));
  it('connections that are reset in the middle of a large file', () =>
    check((_, number) => (number % 3 === 2 && number < 10 ? 'cut' : null), largeBytes));
  it('answers that break off', () =>
    check(({ method }, number) => (method === 'GET' && number < 3 ? 'cut-body' : null), largeBytes));
});

it('patience ends: the error names the place, what was tried and what to do, and may be tried again', async () => {
  proxy.behave(() => slowDown);
  const bucket = openBucket('faults', { retryMsMax: 700 });
  await expect(bucket.putText('key', 'text')).rejects.toMatchObject({
    kind: 'transient',
    isRetryable: true,
    message: expect.stringMatching(
      new RegExp(
        `could not store key in the bucket faults at ${proxy.endpoint}: tried \\d+ times in \\d+ s, last met 503 SlowDown`,
      ),
    ),
    hint: expect.stringContaining('AWS_ENDPOINT_URL_S3'),
  });
  expect(proxy.requests.length).toBeGreaterThan(2);
});

it('an endpoint that nobody listens at is told by its address', async () => {
  process.env.AWS_ENDPOINT_URL_S3 = 'http://127.0.0.1:9';
  await expect(openBucket('faults', { retryMsMax: 300 }).getText('key')).rejects.toMatchObject({
    kind: 'transient',
    message: expect.stringMatching(
      /bucket faults at http:\/\/127\.0\.0\.1:9: tried \d+ times .* last met ECONNREFUSED/,
    ),
  });
});

describe('what will not pass is asked once, and the message says what to do', () => {
  const check = async (fault: HttpFault, expected: { kind: string; message: RegExp; hint: RegExp }) => {
    proxy.behave(() => fault);
    const error = await openArtifacts(await freshWorkspace())
      .putText('history', 'hello')
      .catch((caught: unknown) => caught);
    proxy.behave(() => null);
    expect(error).toMatchObject({
      kind: expected.kind,
      isRetryable: false,
      message: expect.stringMatching(expected.message),
      hint: expect.stringMatching(expected.hint),
    });
    return error;
  };
  const refused = async (code: string, status: number, expected: Parameters<typeof check>[1]) => {
    const error = await check({ status, code }, expected);
    expect(JSON.stringify([error, (error as Error).message, (error as Error).stack])).not.toContain(s3SecretMarker);
  };

  it('credentials that are not known', () =>
    refused('InvalidAccessKeyId', 403, { kind: 'missing', message: /not accepted/, hint: /AWS_ACCESS_KEY_ID/ }));
  it('a secret that is wrong', () =>
    refused('SignatureDoesNotMatch', 403, { kind: 'missing', message: /not accepted/, hint: /AWS_SECRET_ACCESS_KEY/ }));
  it('what the credentials do not allow', () =>
    refused('AccessDenied', 403, { kind: 'missing', message: /do not allow it/, hint: /s3:PutObject/ }));
  it('a bucket in another region', () =>
    refused('PermanentRedirect', 301, { kind: 'usage', message: /another region/, hint: /AWS_REGION/ }));
  it('a bucket that is not there', async () => {
    process.env.TUTELAGE_ARTIFACTS = 's3://no-such-bucket';
    await check(null, { kind: 'missing', message: /the bucket does not exist/, hint: /create it/ });
  });
});

describe('before a run begins', () => {
  it('a bucket that is not there is said', async () => {
    process.env.TUTELAGE_ARTIFACTS = 's3://no-such-bucket';
    await expect(prepareArtifacts(await freshWorkspace(), () => {})).rejects.toMatchObject({ kind: 'missing' });
  });

  it('missing credentials are said', async () => {
    const { AWS_ACCESS_KEY_ID: _key, AWS_SECRET_ACCESS_KEY: _secret, ...without } = process.env;
    process.env = {
      ...without,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/none',
      AWS_SHARED_CREDENTIALS_FILE: '/none',
    };
    await expect(prepareArtifacts(await freshWorkspace(), () => {})).rejects.toMatchObject({
      kind: 'missing',
      message: expect.stringContaining('there are no credentials'),
    });
  });

  it('what another version wrote there is left alone', async () => {
    process.env.TUTELAGE_ARTIFACTS = 's3://faults/later';
    await openBucket('faults').putText('later/tutelage.json', '{"format":2}');
    await expect(prepareArtifacts(await freshWorkspace(), () => {})).rejects.toMatchObject({ kind: 'usage' });
  });

  it('what the workspace holds already is sent, once', async () => {
    process.env.TUTELAGE_ARTIFACTS = 's3://faults/moved';
    const workspace = await freshWorkspace();
    const { TUTELAGE_ARTIFACTS: _, ...local } = process.env;
    const shared = process.env;
    process.env = local;
    const ref = await openArtifacts(workspace).putText('history', 'made before there was a bucket');
    process.env = shared;
    await prepareArtifacts(workspace, () => {});
    expect(await openArtifacts(await freshWorkspace()).readText(ref)).toBe('made before there was a bucket');
    proxy.behave(() => null);
    await prepareArtifacts(workspace, () => {});
    expect(proxy.requests.filter((request) => request.includes(ref.sha256.slice(2)))).toEqual([]);
  });
});

it('a server that knows no conditional writes does as well', async () => {
  const isConditional = (request: IncomingMessage) => /if-(none-)?match/.test(Object.keys(request.headers).join());
  proxy.behave((request) => (isConditional(request) ? { status: 501, code: 'NotImplemented' } : null));
  const bucket = openBucket('faults');
  const put = (text: string, onlyIf: string | null) => bucket.putText('conditional', text, { onlyIf });
  expect([await put('first', null), await put('second', null)]).toEqual([true, false]);
  const tag = (await bucket.getText('conditional'))?.tag ?? '';
  expect([await put('third', tag), await put('fourth', tag)]).toEqual([true, false]);
  expect((await bucket.getText('conditional'))?.text).toBe('third');
});

it('a bad copy in the cache is neither used nor sent', async () => {
  const workspace = await freshWorkspace();
  const ref = await openArtifacts(workspace).putText('history', 'hello');
  const copy = join(workspace.artifactCache, ref.sha256.slice(0, 2), ref.sha256.slice(2));
  await writeFile(copy, 'hallo');
  await openArtifacts(workspace).putText('history', 'hello');
  expect(await openArtifacts(await freshWorkspace()).readText(ref)).toBe('hello');
  await writeFile(copy, 'hallo');
  expect(await openArtifacts(workspace).readText(ref)).toBe('hello');
});

it('nothing is sent twice', async () => {
  const workspace = await freshWorkspace();
  const store = openArtifacts(workspace);
  await store.putText('history', 'x'.repeat(200_000));
  proxy.behave(() => null);
  await store.putText('history', 'x'.repeat(200_000));
  await openArtifacts(await freshWorkspace()).putText('history', 'x'.repeat(200_000));
  expect(proxy.requests.map((request) => request.slice(0, 4))).toEqual(['HEAD', 'HEAD']);
});
