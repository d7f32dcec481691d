import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import { TutelageError } from '../core/errors';
import { ENCRYPTED_ENCODING } from '../core/names';

/** AES-256-GCM: 12 bytes of nonce, the ciphertext, 16 bytes of tag. */
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const KEY_BYTES = 32;

const text = (value: string) => new TextEncoder().encode(value);

/**
 * Encrypts and authenticates everything that workflows and their steps pass through the server: whoever can reach the
 * server but does not hold the key can neither read it nor start a workflow or a step with an input of their own. A
 * payload that was not written with the key is refused, plain ones included.
 *
 * @param key 32 bytes
 */
export function payloadCodec(key: Buffer): PayloadCodec {
  const keyId = createHash('sha256').update(key).digest('hex').slice(0, 16);

  function encrypt(payload: Payload): Payload {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce);
    const plain = toBytes(payload);
    const data = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    return { metadata: { encoding: text(ENCRYPTED_ENCODING), 'key-id': text(keyId) }, data };
  }

  function decrypt(payload: Payload): Payload {
    const data = payload.data ?? new Uint8Array();
    if (!isEncrypted(payload) || data.length < NONCE_BYTES + TAG_BYTES) {
      throw foreign('it is not encrypted');
    }
    const decipher = createDecipheriv(CIPHER, key, data.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAuthTag(data.subarray(-TAG_BYTES));
    try {
      const plain = Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
      return fromBytes(plain);
    } catch (cause) {
      throw foreign('it was encrypted with another key, or changed', cause);
    }
  }

  return {
    encode: async (payloads) => payloads.map(encrypt),
    decode: async (payloads) => payloads.map(decrypt),
  };
}

/** The length of the metadata in four bytes, the metadata as JSON in base64, the data. */
function toBytes({ metadata, data }: Payload): Buffer {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]);
  const head = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length);
  return Buffer.concat([length, head, data ?? new Uint8Array()]);
}

function fromBytes(bytes: Buffer): Payload {
  const dataStart = 4 + bytes.readUInt32BE(0);
  const head: Record<string, string> = JSON.parse(bytes.subarray(4, dataStart).toString());
  const entries = Object.entries(head).map(([name, value]) => [name, new Uint8Array(Buffer.from(value, 'base64'))]);
  return { metadata: Object.fromEntries(entries), data: new Uint8Array(bytes.subarray(dataStart)) };
}

/** What a client or a worker passes payloads through; without a key they travel as they are. */
export const converterOf = (key: Buffer | null): DataConverter =>
  key === null ? {} : { payloadCodecs: [payloadCodec(key)] };

const isEncrypted = ({ metadata }: Payload): boolean =>
  Buffer.from(metadata?.encoding ?? []).toString() === ENCRYPTED_ENCODING;

const foreign = (why: string, cause?: unknown) =>
  new TutelageError(
    'damaged',
    `a message from the Temporal server was not written by this workspace: ${why}`,
    'who else can reach the server? see docs/security.md',
    { cause },
  );
