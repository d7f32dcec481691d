import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArtifactStore } from '../../src/store/artifacts/artifact-store';

/** A store in a fresh place, and what a test does behind its back. */
export interface StoreUnderTest {
  readonly store: ArtifactStore;
  /** Another process or machine that shares the files. */
  again(): ArtifactStore;
  /** Replaces the content under an address; `null` removes it. */
  tamper(sha256: string, content: Buffer | null): Promise<void>;
}

export const sha256OfHello = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

/** What every artifact store keeps to, wherever its files lie. */
export function describeArtifactStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    let under: StoreUnderTest;
    let folder: string;
    beforeEach(async () => {
      under = await open();
      folder = await mkdtemp(join(tmpdir(), 'tutelage-source-'));
    });

    test.each([
      ['a word', 'hello'],
      ['nothing', ''],
      ['lines with unusual breaks', 'äöü\u2028 and\nlines\n'],
      ['many characters', 'x'.repeat(300_000)],
    ])('a text of %s comes back', async (_, text) => {
      const ref = await under.store.putText('history', text);
      expect(ref).toMatchObject({ kind: 'history', bytes: Buffer.byteLength(text) });
      expect(await under.store.readText(ref)).toBe(text);
      expect(await under.again().readText(ref)).toBe(text);
    });

    it('addresses content by its sha256, and putting it again changes nothing', async () => {
      const refs = [await under.store.putText('history', 'hello'), await under.again().putText('history', 'hello')];
      expect(refs.map(({ sha256 }) => sha256)).toEqual([sha256OfHello, sha256OfHello]);
    });

    it('gives records back in their order, and counts them', async () => {
      const records = [
        { id: 'b', n: 1 },
        { id: 'a', text: 'two\nlines' },
      ];
      const ref = await under.store.putRecords('rows', records);
      expect(ref.rows).toBe(2);
      expect(await under.again().readRecords(ref)).toEqual(records);
    });

    it('stores a file, and gives the path of one with the same content', async () => {
      const bytes = Buffer.from([0, 255, 10, 13, 0, 128]);
      await writeFile(join(folder, 'weights'), bytes);
      const ref = await under.store.putFile('model', join(folder, 'weights'), { rows: 3 });
      expect(ref).toMatchObject({ kind: 'model', bytes: 6, rows: 3 });
      expect(await readFile(await under.again().pathOf(ref))).toEqual(bytes);
    });

    it('lays out a stored folder as it was', async () => {
      await mkdir(join(folder, 'deep', 'er'), { recursive: true });
      await writeFile(join(folder, 'config.json'), '{}');
      await writeFile(join(folder, 'deep', 'er', 'weights'), 'weights');
      const ref = await under.store.putDirectory('model', folder);
      const laidOut = await under.again().checkout(ref);
      const names = await readdir(laidOut, { recursive: true, withFileTypes: true });
      expect(
        names
          .filter((one) => one.isFile())
          .map(({ name }) => name)
          .sort(),
      ).toEqual(['config.json', 'weights']);
      expect(await readFile(join(laidOut, 'deep', 'er', 'weights'), 'utf8')).toBe('weights');
      expect(await under.again().checkout(ref)).toBe(laidOut);
    });

    it('knows what it has', async () => {
      const ref = await under.store.putText('history', 'hello');
      expect(await under.again().has(ref)).toBe(true);
      expect(await under.store.has({ ...ref, sha256: sha256OfHello.replace('2', '3') })).toBe(false);
      await under.tamper(ref.sha256, null);
      expect(await under.again().has(ref)).toBe(false);
    });

    test.each<[string, Buffer | null]>([
      ['other content', Buffer.from('hallo')],
      ['less content', Buffer.from('hell')],
      ['no content', Buffer.alloc(0)],
      ['nothing at all', null],
    ])('refuses %s under an address as damaged', async (_, content) => {
      const ref = await under.store.putText('history', 'hello');
      await under.tamper(ref.sha256, content);
      const error = { kind: 'damaged', message: expect.stringContaining(sha256OfHello), hint: expect.any(String) };
      await expect(under.again().readText(ref)).rejects.toMatchObject(error);
    });

    it('takes many puts of equal and of different content at once', async () => {
      const texts = Array.from({ length: 20 }, (_, index) => `text ${index % 5}`);
      const refs = await Promise.all(texts.map((text) => under.store.putText('history', text)));
      expect(await Promise.all(refs.map((ref) => under.again().readText(ref)))).toEqual(texts);
    });
  });
}
