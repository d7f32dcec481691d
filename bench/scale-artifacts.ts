import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArtifactRef } from '../src/core/artifact-ref';
import { mapWithWindow } from '../src/core/window';
import type { ArtifactStore } from '../src/store/artifacts/artifact-store';
import { openArtifacts } from '../src/store/artifacts/open-artifacts';
import { type Workspace, workspaceAt } from '../src/store/workspace';
import { startS3Server } from '../test/support/s3-server';

/**
 * What artifacts cost, by the product's own store: a model's file and many small ones, in the workspace's folder and in a
 * bucket. The bucket is that of the server that the environment names (AWS_ENDPOINT_URL_S3, TUTELAGE_ARTIFACTS), else
 * of the tests' own, one Python process with everything in memory, which is what is measured then.
 * `--megabytes N` sets the size of the large file, `--files N` the number of small ones.
 */
export async function measureArtifacts(): Promise<void> {
  const [megabytes, files] = [given('megabytes', 256), given('files', 500)];
  console.log(`artifacts: a file of ${megabytes} MB, ${files} texts of 4 kB, 16 at a time; MB = 10^6 bytes`);
  const folder = await mkdtemp(join(tmpdir(), 'tutelage-bench-'));
  const file = join(folder, 'weights');
  await writeFile(file, randomBytes(megabytes * 1e6));
  const measure = (name: string) => measureStore(name, { folder, file, megabytes, files });
  try {
    const { TUTELAGE_ARTIFACTS: named, ...local } = process.env;
    process.env = { ...local };
    await measure('folder');
    if (named !== undefined) {
      process.env.TUTELAGE_ARTIFACTS = named;
      await measure(named);
      return;
    }
    const server = await startS3Server();
    await server.makeBucket('bench');
    process.env = { ...local, ...server.env, TUTELAGE_ARTIFACTS: 's3://bench/scale' };
    await measure("bucket, the tests' server").finally(() => server.stop());
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface Load {
  readonly folder: string;
  readonly file: string;
  readonly megabytes: number;
  readonly files: number;
}

async function measureStore(name: string, { folder, file, megabytes, files }: Load): Promise<void> {
  const isShared = process.env.TUTELAGE_ARTIFACTS !== undefined;
  const home = workspaceAt(await mkdtemp(join(folder, 'workspace-')));
  const away = isShared ? workspaceAt(await mkdtemp(join(folder, 'workspace-'))) : home;
  const [here, there] = [openArtifacts(home), openArtifacts(away)];
  const say = (what: string, { seconds, cpuSeconds }: Cost, amount: number, unit: string) => {
    const cost = `${seconds.toFixed(2)} s, of the client's CPU ${cpuSeconds.toFixed(2)} s`;
    console.log(
      `${name.padEnd(26)} ${what.padEnd(40)} ${`${(amount / seconds).toFixed(0)} ${unit}/s`.padEnd(14)} ${cost}`,
    );
  };

  let large: ArtifactRef | undefined;
  say('large file, put', await timed(async () => (large = await here.putFile('model', file))), megabytes, 'MB');
  say('large file, put again', await timed(() => here.putFile('model', file)), megabytes, 'MB');
  const read = isShared ? 'large file, read on another machine' : 'large file, read';
  say(read, await timed(() => there.pathOf(large as ArtifactRef)), megabytes, 'MB');
  if (isShared) {
    say(
      'large file, read again from the cache',
      await timed(() => there.pathOf(large as ArtifactRef)),
      megabytes,
      'MB',
    );
  }
  let small: ArtifactRef[] = [];
  say('small texts, put', await timed(async () => (small = await putTexts(here, files))), files, 'files');
  say('small texts, read', await timed(() => readTexts(there, small)), files, 'files');
  await cleared(home, away);
}

const putTexts = (store: ArtifactStore, count: number) =>
  mapWithWindow(
    Array.from({ length: count }, () => randomBytes(3000).toString('base64')),
    16,
    (text) => store.putText('history', text),
  );

const readTexts = (store: ArtifactStore, refs: readonly ArtifactRef[]) =>
  mapWithWindow(refs, 16, (ref) => store.readText(ref));

async function cleared(...workspaces: readonly Workspace[]): Promise<void> {
  for (const { root } of workspaces) {
    await rm(root, { recursive: true, force: true });
  }
}

interface Cost {
  readonly seconds: number;
  /** What this process spent, all threads. A server of the same machine takes the rest of the time for itself. */
  readonly cpuSeconds: number;
}

async function timed(work: () => Promise<unknown>): Promise<Cost> {
  const [startedMs, startedCpu] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(startedCpu);
  return { seconds: (performance.now() - startedMs) / 1000, cpuSeconds: (user + system) / 1e6 };
}

function given(name: string, otherwise: number): number {
  const index = process.argv.indexOf(`--${name}`);
  return index < 0 ? otherwise : Number(process.argv[index + 1]);
}
