import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version that wrote the report: another version may draw the same results differently. */
export function generator(): string {
  const manifest = JSON.parse(readFileSync(join(__dirname, '..', '..', '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  return `tutelage ${manifest.version}`;
}
