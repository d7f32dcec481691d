import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fakeConfig } from '../../test/support/empty-steps';
import { withModelPaths } from './student-base';

const folder = mkdtempSync(join(tmpdir(), 'tutelage-base-'));
mkdirSync(join(folder, 'models', 'mine'), { recursive: true });
writeFileSync(join(folder, 'models', 'mine', 'config.json'), '{}');

const baseOf = (base: string) => withModelPaths(fakeConfig(`student: {base: "${base}"}`), folder).student.base;

test.each([
  ['./models/mine', join(folder, 'models', 'mine')],
  ['models/mine', join(folder, 'models', 'mine')],
  [join(folder, 'models', 'mine'), join(folder, 'models', 'mine')],
  ['tiny', 'tiny'],
  ['Qwen/Qwen3-0.6B', 'Qwen/Qwen3-0.6B'],
])('the base %s is %s', (base, expected) => {
  expect(baseOf(base)).toBe(expected);
});

test.each([
  ['./models/absent', /student\.base: .*absent is not a folder/],
  ['./models', /is a folder without config\.json/],
  ['/nowhere/at/all', /is not a folder/],
])('the base %s is refused before anything starts', (base, message) => {
  expect(() => baseOf(base)).toThrow(message);
});
