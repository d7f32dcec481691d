import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What the project's documents and comments say, and what its code contains, to compare the two. */

export const root = join(__dirname, '..', '..');

const leftOut = new Set(['node_modules', 'dist', '.git', '.tutelage', 'test-results', '__pycache__', '.pytest_cache']);
/** Written from the code, and compared with it by tests of their own. */
const generated = new Set(['docs/config.md', 'docs/cli.md', 'docs/json-events.md', 'docs/results-format.md']);

/** One span of text that may name something: where it is, what it says, and whether it stands in backticks. */
export interface Mention {
  readonly place: string;
  readonly text: string;
}

/** Every file of the project, by its path from the root. */
export const files: readonly string[] = filesUnder('');

/** Every file and folder. */
export const paths: ReadonlySet<string> = new Set(
  files.flatMap((file) => file.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'))),
);

export const baseNames: ReadonlySet<string> = new Set(files.map((file) => basename(file)));

export const handWritten = files.filter((file) => file.endsWith('.md') && !generated.has(file));

export const read = (file: string) => readFileSync(join(root, file), 'utf8');

function filesUnder(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (leftOut.has(entry.name)) {
      return [];
    }
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

const isCommentLine = (line: string) => /^\s*(\/\/|\/\*|\*|#)/.test(line);
const program = /\.(ts|tsx|cjs|mjs|js|py)$/;
const docstrings = /^\s*(?:[rf]?)"""[\s\S]*?"""/gm;

/** The lines of one program file that are comments or docstrings, with their numbers; else those that are not. */
export function linesOf(file: string, kind: 'comments' | 'code'): { readonly number: number; readonly text: string }[] {
  const text = read(file);
  const inDocstring = new Set<number>();
  if (file.endsWith('.py')) {
    for (const { 0: docstring, index } of text.matchAll(docstrings)) {
      const first = text.slice(0, index).split('\n').length;
      docstring.split('\n').forEach((_, offset) => {
        inDocstring.add(first + offset);
      });
    }
  }
  return text
    .split('\n')
    .map((line, index) => ({ number: index + 1, text: line }))
    .filter(({ number, text: line }) => {
      const isComment = inDocstring.has(number) || isCommentLine(line);
      return isComment === (kind === 'comments');
    });
}

export const programs = files.filter((file) => program.test(file) && !file.endsWith('.js'));

/** All code without its comments, in one text: what exists for a comment to name. */
export const code = programs.flatMap((file) => linesOf(file, 'code').map(({ text }) => text)).join('\n');

/** The comments of all programs and of the files in `config` and `deploy`, a mention for each line. */
export function commentLines(): Mention[] {
  const settings = files.filter((file) => /^(config|deploy)\//.test(file) && !/\.jsonl$/.test(file));
  return [
    ...programs.flatMap((file) =>
      linesOf(file, 'comments').map(({ number, text }) => ({ place: `${file}:${number}`, text })),
    ),
    ...settings.flatMap((file) =>
      read(file)
        .split('\n')
        .map((text, index) => ({ place: `${file}:${index + 1}`, text }))
        .filter(({ text }) => text.includes('#')),
    ),
  ];
}

/** The hand-written documents, a mention for each line, code blocks included. */
export function documentLines(): Mention[] {
  return handWritten.flatMap((file) =>
    read(file)
      .split('\n')
      .map((text, index) => ({ place: `${file}:${index + 1}`, text })),
  );
}

/** What stands in backticks. */
export function inBackticks(lines: readonly Mention[]): Mention[] {
  return lines.flatMap(({ place, text }) =>
    [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => ({ place, text: span })),
  );
}

/** The lines of the code blocks of these documents. */
export function blockLines(from: readonly string[]): Mention[] {
  const isFence = (text: string) => text.startsWith('```');
  return from.flatMap((file) => {
    let isInside = false;
    return read(file)
      .split('\n')
      .map((text, index) => ({ place: `${file}:${index + 1}`, text }))
      .filter(({ text }) => {
        isInside = isFence(text) ? !isInside : isInside;
        return isInside && !isFence(text);
      });
  });
}
