import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A package that a lock names, with the digests of all its files. */
export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  readonly sha256: readonly string[];
}

/** What set-up installs for users: the engine with either build of torch. The contributors' tools are not shipped. */
const SHIPPED_LOCKS = ['engine.txt', 'torch.txt', 'torch-cpu.txt'];

/** The locked Python packages of the engine, in order of name. */
export function lockedPackages(root: string, locks: readonly string[] = SHIPPED_LOCKS): LockedPackage[] {
  const text = locks.map((lock) => readFileSync(join(root, 'engine', 'requirements', lock), 'utf8')).join('\n');
  const found: { name: string; version: string; sha256: string[] }[] = [];
  for (const line of text.split('\n')) {
    const [, name, version] = /^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;\\]+)/.exec(line) ?? [];
    if (name !== undefined && version !== undefined) {
      found.push({ name, version, sha256: [] });
    }
    found.at(-1)?.sha256.push(...[...line.matchAll(/--hash=sha256:([0-9a-f]{64})/g)].map(([, digest = '']) => digest));
  }
  return found.sort((left, right) => (left.name < right.name ? -1 : Number(left.name > right.name)));
}
