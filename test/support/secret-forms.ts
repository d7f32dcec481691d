import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A secret as it may be written, each form searched for byte by byte. */
export function formsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const base64 = ['', ':', '::'].flatMap((before) => {
    const text = Buffer.from(before + secret).toString('base64');
    // Without what depends on the neighbours.
    const own = text.slice(Math.ceil((before.length * 8) / 6), Math.floor(((before.length + secret.length) * 8) / 6));
    return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [secret, json, JSON.stringify(json).slice(1, -1), encodeURIComponent(secret), ...base64];
}

/** The files under a folder that hold any form of the secret. */
export async function filesWithSecret(folder: string, secret: string): Promise<string[]> {
  const forms = formsOf(secret);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.filter((one) => one.isFile())) {
    const bytes = await readFile(join(entry.parentPath, entry.name));
    if (forms.some((form) => bytes.includes(form))) {
      found.push(join(entry.parentPath, entry.name));
    }
  }
  return found;
}
