import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const packageFolder = join(__dirname, '..', '..');

/** A file that comes with tutelage, in a checkout as in an installed package. */
export const packageFile = (path: string) => join(packageFolder, path);

/** The same for a message: relative to the working directory where the file is below it. */
export function shownPackageFile(path: string): string {
  const fromHere = relative(process.cwd(), packageFile(path));
  return fromHere.startsWith('..') ? packageFile(path) : fromHere;
}

export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string };
  return version;
}
