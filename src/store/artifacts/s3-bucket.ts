import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { absentAs, isNoBucket, openAccess, type S3Access, sdk } from './s3-access';
import { statusOf } from './s3-problems';
import { getFile, getText } from './s3-read';

/** The objects of one bucket, by key. Every failure is a sentence: see `s3Problem`. */
export interface Bucket {
  /** `http://host:port/bucket`, for people. */
  readonly name: string;
  has(key: string): Promise<boolean>;
  /** In several parts at once where it is large. */
  putFile(key: string, path: string, signal?: AbortSignal): Promise<void>;
  /**
   * @param options.onlyIf the object has this tag, or no tag (`null`)
   * @returns false where it is otherwise
   */
  putText(key: string, text: string, options?: { onlyIf?: string | null }): Promise<boolean>;
  /** `null` where there is no such object. */
  getText(key: string): Promise<{ readonly text: string; readonly tag: string } | null>;
  /** Writes the content to a new file; false where there is no such object, or one with fewer bytes. */
  getFile(key: string, path: string, bytes: number): Promise<boolean>;
  list(prefix: string): Promise<string[]>;
  remove(key: string): Promise<void>;
}

const RETRY_MS_MAX = 120_000;

const PART_BYTES = 8 * 1024 ** 2;
const PARTS_AT_ONCE = 4;
/** S3 allows 10,000 parts; a model of a terabyte has larger ones. */
const PARTS_MAX = 9000;

/** @param options.retryMsMax for how long a request is retried after a passing failure */
export function openBucket(bucket: string, options: { retryMsMax?: number } = {}): Bucket {
  const access = openAccess(bucket, options.retryMsMax ?? RETRY_MS_MAX);
  return {
    name: `${access.endpoint}/${bucket}`,
    has: (key) => has(access, key),
    putFile: (key, path, signal) => putFile(access, key, { path, signal }),
    putText: (key, text, { onlyIf } = {}) => putText(access, key, { text, onlyIf }),
    getText: (key) => getText(access, key),
    getFile: (key, path, bytes) => getFile(access, key, path, bytes),
    list: (prefix) => list(access, prefix),
    remove: (key) => remove(access, key),
  };
}

const has = (access: S3Access, key: string) =>
  access.doing(`look for ${key}`, async (client) => {
    const { HeadObjectCommand, GetObjectCommand } = await sdk();
    const object = { Bucket: access.bucket, Key: key };
    return absentAs(false, async () => {
      try {
        await client.send(new HeadObjectCommand(object));
      } catch (error) {
        if (![400, 403].includes(statusOf(error) ?? 0)) {
          throw error;
        }
        // The answer to HEAD has no body to say why; that to GET has.
        const { Body } = await client.send(new GetObjectCommand({ ...object, Range: 'bytes=0-0' }));
        await Body?.transformToByteArray();
      }
      return true;
    });
  });

const putFile = (access: S3Access, key: string, source: { path: string; signal: AbortSignal | undefined }) =>
  access.doing(`store ${key}`, async (client) => {
    const { path, signal } = source;
    const { size } = await stat(path);
    const target = { Bucket: access.bucket, Key: key };
    if (size <= PART_BYTES) {
      const { PutObjectCommand } = await sdk();
      const command = new PutObjectCommand({ ...target, Body: await readFile(path) });
      await client.send(command, signal === undefined ? {} : { abortSignal: signal });
      return;
    }
    const { Upload } = await import('@aws-sdk/lib-storage');
    const content = createReadStream(path);
    const upload = new Upload({
      client,
      params: { ...target, Body: content },
      partSize: Math.max(PART_BYTES, Math.ceil(size / PARTS_MAX)),
      queueSize: PARTS_AT_ONCE,
    });
    const abort = () => void upload.abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await upload.done();
    } finally {
      signal?.removeEventListener('abort', abort);
      content.destroy();
    }
  });

const putText = (
  access: S3Access,
  key: string,
  object: { text: string; onlyIf: string | null | undefined },
): Promise<boolean> =>
  access.doing(`store ${key}`, async (client) => {
    const { text, onlyIf } = object;
    const { PutObjectCommand } = await sdk();
    const condition = onlyIf === undefined ? {} : onlyIf === null ? { IfNoneMatch: '*' } : { IfMatch: onlyIf };
    try {
      await client.send(new PutObjectCommand({ Bucket: access.bucket, Key: key, Body: text, ...condition }));
      return true;
    } catch (error) {
      if (onlyIf !== undefined && statusOf(error) === 501) {
        return putTextPlainly(access, key, { text, onlyIf });
      }
      // 404: the object that had the tag was removed. 409: another write of it is under way.
      if (onlyIf !== undefined && [404, 409, 412].includes(statusOf(error) ?? 0) && !isNoBucket(error)) {
        return false;
      }
      throw error;
    }
  });

/**
 * For a server that knows no conditions: looks first. Two machines may then both believe that they were the only one, which
 * costs work and no content: what such an object names is named by its hash.
 */
async function putTextPlainly(access: S3Access, key: string, object: { text: string; onlyIf: string | null }) {
  const found = await getText(access, key);
  if ((found?.tag ?? null) !== object.onlyIf) {
    return false;
  }
  return putText(access, key, { text: object.text, onlyIf: undefined });
}

const list = (access: S3Access, prefix: string) =>
  access.doing(`list ${prefix === '' ? 'objects' : prefix}`, async (client) => {
    const { paginateListObjectsV2 } = await sdk();
    const keys: string[] = [];
    for await (const page of paginateListObjectsV2({ client }, { Bucket: access.bucket, Prefix: prefix })) {
      keys.push(...(page.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key])));
    }
    return keys;
  });

const remove = (access: S3Access, key: string) =>
  access.doing(`remove ${key}`, async (client) => {
    const { DeleteObjectCommand } = await sdk();
    await client.send(new DeleteObjectCommand({ Bucket: access.bucket, Key: key }));
  });
