import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeArtifactStore, sha256OfHello } from '../../../test/support/artifact-store-cases';
import { openArtifactStore } from './artifact-store';

describeArtifactStore('artifacts in a folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tutelage-store-'));
  const [artifacts, checkouts] = [join(folder, 'artifacts'), join(folder, 'checkouts')];
  const open = () => openArtifactStore(artifacts, checkouts);
  return {
    store: open(),
    again: open,
    tamper: async (sha256, content) => {
      const path = join(artifacts, sha256.slice(0, 2), sha256.slice(2));
      await (content === null ? rm(path) : writeFile(path, content));
    },
  };
});

it('keeps nothing half written', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tutelage-store-'));
  await openArtifactStore(folder, join(folder, 'checkouts')).putText('history', 'hello');
  expect(await readdir(join(folder, sha256OfHello.slice(0, 2)))).toEqual([sha256OfHello.slice(2)]);
});
