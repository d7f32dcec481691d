import type { Payload, PayloadCodec } from '@temporalio/common';
import { ENCRYPTED_ENCODING } from '../core/names';

/**
 * A history with its payloads decrypted, wherever in an event they are: what is exported must be readable by an audit, and
 * must replay, without the key of the server that it came from.
 */
export async function decodeHistory<T>(history: T, codecs: readonly PayloadCodec[]): Promise<T> {
  for (const codec of codecs.toReversed()) {
    await decodeWithin(history, codec);
  }
  return history;
}

/** Protobuf messages are trees of plain objects, lists and bytes. */
async function decodeWithin(node: unknown, codec: PayloadCodec): Promise<void> {
  if (typeof node !== 'object' || node === null || node instanceof Uint8Array) {
    return;
  }
  for (const [key, value] of Object.entries(node)) {
    if (isEncryptedPayload(value)) {
      const [decoded] = await codec.decode([value]);
      Reflect.set(node, key, decoded);
    } else {
      await decodeWithin(value, codec);
    }
  }
}

const isEncryptedPayload = (value: unknown): value is Payload =>
  typeof value === 'object' &&
  value !== null &&
  'metadata' in value &&
  'data' in value &&
  value.data instanceof Uint8Array &&
  typeof value.metadata === 'object' &&
  value.metadata !== null &&
  'encoding' in value.metadata &&
  value.metadata.encoding instanceof Uint8Array &&
  Buffer.from(value.metadata.encoding).toString() === ENCRYPTED_ENCODING;
