import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { absentAs, type S3Access, sdk } from './s3-access';
import { pauseMs } from './s3-retries';

const PART_BYTES = 8 * 1024 ** 2;
const PARTS_AT_ONCE = 4;

/** `null` where there is no such object. */
export const getText = (access: S3Access, key: string) =>
  access.doing(`read ${key}`, async (client) => {
    const found = await getBytes(client, access, { key });
    return found === null ? null : { text: found.bytes.toString('utf8'), tag: found.tag };
  });

/** Brings an object of that size into a new file, in several parts at once where it is large. */
export const getFile = (access: S3Access, key: string, path: string, bytes: number): Promise<boolean> =>
  access.doing(`read ${key}`, async (client) => {
    const count = Math.max(1, Math.ceil(bytes / PART_BYTES));
    const starts = Array.from({ length: count }, (_, part) => part * PART_BYTES);
    const file = await open(path, 'w');
    let isThere = true;
    const bringParts = async () => {
      for (let start = starts.shift(); start !== undefined && isThere; start = starts.shift()) {
        const range = count === 1 ? undefined : `bytes=${start}-${Math.min(start + PART_BYTES, bytes) - 1}`;
        const found = await getBytes(client, access, { key, range });
        isThere &&= found !== null;
        await file.write(found?.bytes ?? Buffer.alloc(0), 0, undefined, start);
      }
    };
    try {
      await Promise.all(Array.from({ length: PARTS_AT_ONCE }, bringParts));
      await file.sync();
      return isThere;
    } finally {
      await file.close();
    }
  });

/** The body comes after the answer, so the client does not ask again for one that is cut; this does. */
async function getBytes(
  client: S3Client,
  { bucket, retryMsMax }: S3Access,
  { key, range }: { key: string; range?: string | undefined },
) {
  const { GetObjectCommand } = await sdk();
  const startedMs = Date.now();
  for (let attempts = 1; ; attempts += 1) {
    const command = new GetObjectCommand({ Bucket: bucket, Key: key, Range: range });
    const answer = await absentAs(null, () => client.send(command));
    if (answer === null) {
      return null;
    }
    try {
      return { bytes: await bytesOf(answer), tag: answer.ETag ?? '' };
    } catch (error) {
      if (Date.now() - startedMs >= retryMsMax) {
        throw Object.assign(new Error('the body ended early', { cause: error }), {
          name: 'TimeoutError',
          code: (error as NodeJS.ErrnoException).code,
          $metadata: { attempts },
        });
      }
      await delay(pauseMs(attempts));
    }
  }
}

async function bytesOf({ Body, ContentLength }: GetObjectCommandOutput): Promise<Buffer> {
  const { buffer, byteOffset, byteLength } = (await Body?.transformToByteArray()) ?? new Uint8Array();
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  if (ContentLength !== undefined && bytes.length !== ContentLength) {
    throw new Error(`${bytes.length} of ${ContentLength} bytes came`);
  }
  return bytes;
}
