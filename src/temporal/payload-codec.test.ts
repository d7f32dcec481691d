import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import fc from 'fast-check';
import { payloadCodec } from './payload-codec';
import { clusterKey, payloadKeyFile, workspaceKey } from './payload-key';

const key = Buffer.alloc(32, 7);
const codec = payloadCodec(key);
const encodeOne = async (value: unknown): Promise<Payload> => {
  const [encoded] = await codec.encode([defaultPayloadConverter.toPayload(value) as Payload]);
  return encoded as Payload;
};

describe('a payload', () => {
  test('that was written with the key is read as it was, whatever it holds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const [decoded] = await codec.decode([await encodeOne(value)]);
        expect(defaultPayloadConverter.fromPayload(decoded as Payload)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('shows nothing of its content, and is never the same twice', async () => {
    const [first, second] = [await encodeOne('a question'), await encodeOne('a question')];
    expect(Buffer.from(first.data ?? []).includes('question')).toBe(false);
    expect(first.data).not.toEqual(second.data);
  });

  test('with any byte changed is refused', async () => {
    const encoded = await encodeOne({ api_key_env: 'KEY' });
    const length = encoded.data?.length ?? 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(length - 1), fc.integer({ min: 1, max: 255 }), async (index, change) => {
        const data = Uint8Array.from(encoded.data ?? []);
        data[index] = (data[index] ?? 0) ^ change;
        await expect(codec.decode([{ ...encoded, data }])).rejects.toThrow('was not written by this workspace');
      }),
    );
  });

  test.each<[what: string, forge: (encoded: Payload) => Promise<Payload> | Payload]>([
    ['plain', () => defaultPayloadConverter.toPayload({ config: {} }) as Payload],
    ['of another key', async () => (await payloadCodec(Buffer.alloc(32, 8)).encode([plain()]))[0] as Payload],
    ['cut off', (encoded) => ({ ...encoded, data: encoded.data?.subarray(0, 20) ?? null })],
    ['empty', (encoded) => ({ ...encoded, data: new Uint8Array() })],
    ['without metadata', ({ data }) => ({ data: data ?? null })],
  ])('that is %s is refused', async (_, forge) => {
    const forged = await forge(await encodeOne('x'));
    await expect(codec.decode([forged])).rejects.toThrow('was not written by this workspace');
  });
});

const plain = () => defaultPayloadConverter.toPayload('x') as Payload;

describe("a workspace's key", () => {
  let workspace: string;
  beforeEach(async () => {
    workspace = await mkdtemp(join(tmpdir(), 'tutelage-key-'));
  });
  afterEach(() => rm(workspace, { recursive: true }));

  test('is made once, however many ask for it at the same time, and only its owner can read it', async () => {
    const keys = await Promise.all(Array.from({ length: 8 }, () => workspaceKey(workspace)));
    expect(new Set(keys.map((one) => one.toString('hex'))).size).toBe(1);
    expect((await stat(payloadKeyFile(workspace))).mode & 0o777).toBe(0o600);
    expect(await workspaceKey(workspace)).toEqual(keys[0]);
  });

  test('that was damaged is named, not replaced', async () => {
    await writeFile(payloadKeyFile(workspace), 'half a k');
    await expect(workspaceKey(workspace)).rejects.toMatchObject({ message: expect.stringContaining('payload.key') });
  });
});

test("a named cluster's key is any secret that is long enough; without one payloads travel as they are", () => {
  expect(clusterKey({})).toBeNull();
  expect(clusterKey({ TUTELAGE_PAYLOAD_KEY: 's'.repeat(32) })).toHaveLength(32);
  expect(() => clusterKey({ TUTELAGE_PAYLOAD_KEY: 'short' })).toThrow('expected at least 32');
});
