import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openArtifacts } from '../../src/store/artifacts/open-artifacts';
import { openBucket } from '../../src/store/artifacts/s3-bucket';
import { workspaceAt } from '../../src/store/workspace';
import { describeArtifactStore } from '../support/artifact-store-cases';
import { type S3Server, startS3Server } from '../support/s3-server';

let server: S3Server;
const before = { ...process.env };
let buckets = 0;

beforeAll(async () => {
  server = await startS3Server();
}, 300_000);
afterAll(async () => {
  await server.stop();
});
beforeEach(() => {
  process.env = { ...before, ...server.env };
});
afterEach(() => {
  process.env = before;
});

/** An empty bucket that the environment names, and a way to open it in a workspace of its own. */
async function freshBucket() {
  const bucket = `bucket-${++buckets}`;
  await server.makeBucket(bucket);
  process.env.TUTELAGE_ARTIFACTS = `s3://${bucket}/some/prefix`;
  return { bucket, objects: openBucket(bucket) };
}

const freshWorkspace = async () => workspaceAt(await mkdtemp(join(tmpdir(), 'tutelage-s3-')));

describeArtifactStore('artifacts in a bucket', async () => {
  const { objects } = await freshBucket();
  const workspaces = await Promise.all(Array.from({ length: 5 }, freshWorkspace));
  const keyOf = (sha256: string) => `some/prefix/${sha256.slice(0, 2)}/${sha256.slice(2)}`;
  const open = () => openArtifacts(workspaces.pop() ?? workspaceAt('/none'));
  const last = workspaces[0] as ReturnType<typeof workspaceAt>;
  return {
    store: open(),
    again: () => openArtifacts(last),
    tamper: async (sha256, content) => {
      const path = join(last.root, 'content');
      await (content === null
        ? objects.remove(keyOf(sha256))
        : writeFile(path, content).then(() => objects.putFile(keyOf(sha256), path)));
    },
  };
});

it('a large file goes and comes in parts', async () => {
  const { objects } = await freshBucket();
  const [here, there] = [await freshWorkspace(), await freshWorkspace()];
  const bytes = randomBytes(21 * 1024 ** 2 + 17);
  await writeFile(join(here.root, 'weights'), bytes);
  const ref = await openArtifacts(here).putFile('model', join(here.root, 'weights'));
  expect(await objects.list('')).toHaveLength(1);
  expect((await readFile(await openArtifacts(there).pathOf(ref))).equals(bytes)).toBe(true);
});
