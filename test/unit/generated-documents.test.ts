import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedDocuments, root } from '../../scripts/docs';

it.each(Object.entries(generatedDocuments))('%s is up to date (`npm run docs` writes it)', (path, generate) => {
  expect(readFileSync(join(root, path), 'utf8')).toBe(generate());
});
