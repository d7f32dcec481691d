import { dirname, join, normalize } from 'node:path';
import { parse } from 'yaml';
import { buildProgram } from '../../src/cli/main';
import { formsAt, keysAt } from '../../src/core/config/json-schema';
import {
  baseNames,
  blockLines,
  code,
  commentLines,
  documentLines,
  handWritten,
  inBackticks,
  type Mention,
  paths,
  read,
} from '../support/repository-text';

/** Documents and comments name paths, scripts, verbs, keys and identifiers. Each must exist. */

/** Names of other programs that a document or a comment explains. */
const foreign = new Set([
  'DeterminismViolationError',
  'deprecatePatch',
  'livenessProbe',
  'noRestrictedImports',
  'readinessProbe',
]);

const comments = commentLines();
const documents = documentLines();
const lines = [...comments, ...documents];
const spans = inBackticks(lines);

/** `problem` says what is wrong with a text, or nothing; all mentions with one are listed, each with its place. */
function expectNone(mentions: readonly Mention[], problem: (text: string) => string | readonly string[] | null): void {
  const found = mentions.flatMap(({ place, text }) => [problem(text) ?? []].flat().map((what) => `${place}: ${what}`));
  expect([...new Set(found)]).toEqual([]);
}

test('every path exists', () => {
  const path = /(?<![\w./@<-])(?:src|engine|test|bench|config|docs|deploy|scripts|\.ci)\/[\w./<>*{},-]+/g;
  expectNone(lines, (text) =>
    [...text.matchAll(path)].map(([named]) => named.replace(/[.,/]+$/, '')).filter((named) => !isPath(named)),
  );
});

test('every file name in backticks is one of the repository or one that the program writes', () => {
  expectNone(spans, (text) => {
    const named = /^(?:[\w-]+\/)*([\w.-]+\.(?:ts|tsx|cjs|py|md|json|jsonl|yaml|csv|parquet|html|db))$/.exec(text)?.[1];
    const isKnown = named === undefined || baseNames.has(named) || code.includes(named);
    return isKnown ? null : named;
  });
});

test('every link of a document leads to a file and to a heading', () => {
  const found = handWritten.flatMap((file) =>
    [...read(file).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^https?:/.test(target) && !isTarget(file, target))
      .map((target) => `${file}: ${target}`),
  );
  expect(found).toEqual([]);
});

test('every npm script exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  expectNone(lines, (text) =>
    [...text.matchAll(/npm run (?:--silent )?([\w:-]+)/g)]
      .map(([, script = '']) => script)
      .filter((script) => !(script in scripts)),
  );
});

test('every verb and every option exists', () => {
  const program = buildProgram(() => {});
  const verbs = new Map(program.commands.map((verb) => [verb.name(), verb.options.map(({ long }) => long)]));
  const general = [...program.options.map(({ long }) => long), '--help', '--version'];
  const settings = comments.filter(({ place }) => place.startsWith('config/'));
  expectNone([...spans, ...blockLines(handWritten), ...settings], (text) => {
    const [, verb, rest = ''] = /(?:^#?\s*|npx )tutelage ([a-z]+)(?![\w.:/-])([^#|]*)/.exec(text) ?? [];
    if (verb === undefined || verb === 'help') {
      return null;
    }
    const options = verbs.get(verb);
    if (options === undefined) {
      return `no verb ${verb}: ${text}`;
    }
    return [...rest.matchAll(/(?<=\s)--[a-z][a-z-]*/g)]
      .map(([option]) => option)
      .filter((option) => !options.includes(option) && !general.includes(option))
      .map((option) => `${verb} has no ${option}`);
  });
});

test('every configuration key exists', () => {
  const sections = new Set(keysAt([]));
  expectNone(spans, (text) => {
    const [named = '', value] = text.split(/(?<=^[\w.]+)[:=]\s*/);
    const path = named.split('.');
    const isFile = baseNames.has(named);
    const isKey = !isFile && /^[a-z_]+(\.[a-z_]+)+$/.test(named) && sections.has(path[0] ?? '');
    if (isKey && formsAt(path).length === 0) {
      return `no key ${named}`;
    }
    return value?.startsWith('{') && sections.has(named) ? unknownKeys(path, parse(value)) : null;
  });
});

test('every identifier in backticks is in the code', () => {
  expectNone(spans, (text) => {
    const [, name] = /^(?:[\w$]+\.)*([\w$]+)(?:\(.*\))?$/.exec(text) ?? [];
    const isIdentifier =
      name !== undefined && /^[a-z]+[A-Z]\w*$|^[A-Z]\w*[a-z]\w*$|^[a-z]+_\w+$|^[A-Z]+_\w+$/.test(name);
    return !isIdentifier || foreign.has(name) || new RegExp(`\\b${name}\\b`).test(code) ? null : name;
  });
});

/** English that reads like a translation, with the usual term. */
const wording: readonly (readonly [RegExp, string])[] = [
  [/\bwhence\b/i, 'from which'],
  [/\b(hangs?|hung) on\b/i, 'depends on'],
  [/\btold apart\b/i, 'distinguished'],
  [/\b(goes|go|went|going) on with\b/i, 'resume, continue'],
  [/\bgoes on\b/i, 'continues'],
  [/\b(comes?|came|brought) to rest\b/i, 'pause, stop'],
  [/\bis no (number|line|text|key|file)\b/i, 'is not a ...'],
  [/\bwhat (it|they) lacks?\b/i, 'what is missing'],
  [/\b(mends?|mended)\b/i, 'fix'],
  [/\bundisturbed\b/i, 'uninterrupted'],
  [/\b(a|the|each|many|of|several) cards?\b(?! of)/i, 'GPU'],
  [/\b(passes|pass) by\b/i, 'is streamed'],
];

test('documents and comments use the usual English terms', () => {
  expectNone([...documents, ...comments], (text) =>
    wording.filter(([pattern]) => pattern.test(text)).map(([pattern, usual]) => `${pattern}: say ${usual}`),
  );
});

function isTarget(file: string, target: string): boolean {
  const [to = '', anchor] = target.split('#');
  const path = to === '' ? file : normalize(join(dirname(file), to));
  return paths.has(path) && (anchor === undefined || anchorsOf(path).has(anchor));
}

/** The anchors of a document's headings, as GitHub makes them. */
function anchorsOf(file: string): Set<string> {
  const headings = read(file).matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replace(/\s/g, '-'),
    ),
  );
}

function isPath(named: string): boolean {
  if (paths.has(named)) {
    return true;
  }
  if (!/[<*{]/.test(named)) {
    return ['.ts', '.py', '.tsx'].some((ending) => paths.has(`${named}${ending}`));
  }
  const pattern = named
    .replace(/[.+]/g, '\\$&')
    .replace(/<[^>]*>/g, '[^/]+')
    .replace(/\*\*\/?/g, '\u0000')
    .replace(/\*/g, '[^/]*')
    .replaceAll('\u0000', '.*')
    .replace(/\{([^}]*)\}/g, (_, names: string) => `(?:${names.replaceAll(',', '|')})`);
  const whole = new RegExp(`^${pattern}$`);
  return [...paths].some((path) => whole.test(path));
}

function unknownKeys(path: readonly string[], value: unknown): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [];
  }
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = [...path, ...key.split('.')];
    return formsAt(at).length === 0 && path[0] !== 'matrix' ? [`no key ${at.join('.')}`] : unknownKeys(at, inner);
  });
}
