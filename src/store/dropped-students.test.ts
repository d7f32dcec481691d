import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ArtifactRef } from '../core/artifact-ref';
import { openArtifactStore } from './artifacts/artifact-store';
import { droppedStudents, dropStudents } from './dropped-students';
import { workspaceAt } from './workspace';

it('weights that nobody else records are removed, their hashes are noted, and the tokenizer that others share stays', async () => {
  const root = mkdtempSync(join(tmpdir(), 'tutelage-dropped-'));
  try {
    const workspace = workspaceAt(root);
    const store = openArtifactStore(join(root, 'artifacts'), workspace.checkouts);
    const model = async (weights: string): Promise<ArtifactRef> => {
      const folder = mkdtempSync(join(root, 'model-'));
      writeFileSync(join(folder, 'model.safetensors'), weights);
      writeFileSync(join(folder, 'tokenizer.json'), '{}');
      return store.putDirectory('model', folder);
    };
    const [gone, shared, kept] = [await model('one'), await model('two'), await model('three')];
    const folder = await store.checkout(gone);
    for (const [run, refs] of [['own', [gone, shared, kept]] as const, ['other', [shared]] as const]) {
      const path = join(workspace.runDirectory(run), 'run.json');
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, JSON.stringify(refs));
    }
    const drop = () => dropStudents(workspace, store, { run: 'own', weights: [gone, shared] });
    await drop();
    await drop();
    expect([...(await droppedStudents(workspace, 'own'))]).toEqual([gone.sha256]);
    expect(await store.has(gone)).toBe(false);
    expect(existsSync(folder)).toBe(false);
    expect(await store.checkout(shared)).toContain(shared.sha256);
    expect(existsSync(join(await store.checkout(kept), 'tokenizer.json'))).toBe(true);
  } finally {
    rmSync(root, { recursive: true });
  }
});
