import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version whose report it is: another one may draw the same results in another way. */
export function generator(): string {
  const manifest = JSON.parse(readFileSync(join(__dirname, '..', '..', '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  return `tutelage ${manifest.version}`;
}
