import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parse, parseDocument } from 'yaml';
import { formsAt, keysAt, takesNull } from './json-schema';
import { formatKeyPath, getIn, isMapping, type KeyPath, parseKeyPath, setIn } from './key-path';
import { type ConfigProblem, nearest } from './problems';

/** The values that the user gave, each with its origin: the file, overridden by `--set` arguments, overridden by one choice of the matrix. */
export interface Sources {
  /** The file with `--set` arguments applied. */
  readonly value: Record<string, unknown>;
  /** A problem at this path, or at the nearest enclosing mapping that was written. `at: 'key'` points at the key itself. */
  problem(
    path: KeyPath,
    message: string,
    options?: { at?: 'key' | 'value'; didYouMean?: string | null },
  ): ConfigProblem;
  /** Where the value at this path was written, as text; `null` for a default. */
  origin(path: KeyPath): string | null;
  /** A path that was written relative to the file, as seen from where the file's own name is. */
  located(path: string): string;
  /** The same, overridden by a choice of the matrix: key path -> index of the value. */
  withChoice(choice: ReadonlyMap<string, number>): Sources;
}

export interface SourceText {
  readonly text: string;
  /** Name of the file as shown in messages. */
  readonly file: string;
  /** `path=value` arguments; the value is YAML. `null` removes the key, except where `null` is itself a value. */
  readonly sets: readonly string[];
}

/** Reads the text. Problems are those of YAML itself and of the form of the `--set` arguments. */
export function readSources({ text, file, sets }: SourceText): { sources: Sources } | { problems: ConfigProblem[] } {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, logLevel: 'error' });
  const lines = text.split(/\r?\n/);
  const locate = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset);
    return { source: file, line, column: col, sourceLine: lines[line - 1] ?? null };
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message, pos }) => ({
      ...locate(pos[0]),
      path: '',
      message: `not YAML: ${message.split(/ at line \d+/)[0]}`,
      didYouMean: null,
    }));
    return { problems };
  }
  const content = contentOf(document);
  if (typeof content === 'string') {
    return { problems: [{ ...locate(0), path: '', message: content, didYouMean: null }] };
  }
  if (!isMapping(content)) {
    const message = `expected a mapping such as "name: my-run", got ${content === null ? 'nothing' : 'something else'}`;
    return { problems: [{ ...locate(0), path: '', message, didYouMean: null }] };
  }
  const applied = applySets(content, sets);
  if (applied.problems.length > 0) {
    return { problems: applied.problems };
  }
  const { value, given } = applied;
  const sources = createSources({ value, given, document, file, locate, choice: new Map() });
  const prototypes = prototypeKeys(value).map((path) => sources.problem(path, 'unknown key', { at: 'key' }));
  return prototypes.length > 0 ? { problems: prototypes } : { sources };
}

/** The file's values, in a list where they are a text; or a sentence where aliases make more of them than a file can mean. */
function contentOf(document: Document): unknown {
  try {
    const content: unknown = document.toJS();
    JSON.stringify(content);
    return typeof content === 'string' ? [content] : content;
  } catch (error) {
    return error instanceof ReferenceError
      ? 'not usable: its aliases (*name) repeat so much that it would not fit into memory; write the values out'
      : 'not usable: an alias (*name) refers to a value that it is a part of';
  }
}

/** Schemas leave this key out without a word, wherever any name is allowed. */
function prototypeKeys(value: unknown, path: KeyPath = []): KeyPath[] {
  if (Array.isArray(value)) {
    return value.flatMap((member, index) => prototypeKeys(member, [...path, index]));
  }
  return isMapping(value)
    ? Object.keys(value).flatMap((key) =>
        key === '__proto__' ? [[...path, key]] : prototypeKeys(value[key], [...path, key]),
      )
    : [];
}

interface State {
  readonly value: Record<string, unknown>;
  /** The `--set` arguments, the last one of a path last. */
  readonly given: readonly { readonly argument: string; readonly path: KeyPath }[];
  readonly document: Document;
  readonly file: string;
  readonly locate: (offset: number) => Pick<ConfigProblem, 'source' | 'line' | 'column' | 'sourceLine'>;
  readonly choice: ReadonlyMap<string, number>;
}

function createSources(state: State): Sources {
  const { value, given, document, file, locate, choice } = state;

  /** The path in the file or arguments that a path of the resolved configuration comes from. */
  const written = (path: KeyPath): KeyPath => {
    for (const [varied, index] of choice) {
      const keys = parseKeyPath(varied);
      if (startsWith(path, keys)) {
        return ['matrix', varied, index, ...path.slice(keys.length)];
      }
    }
    return path;
  };
  const setOf = (path: KeyPath) => given.findLast((set) => startsWith(path, set.path))?.argument;

  return {
    value,
    problem(path, message, { at = 'value', didYouMean = null } = {}) {
      const position = written(path);
      // A mapping that exists only because of an argument has no position in the file: `--set studnet.base=x` makes `studnet`.
      const made = document.hasIn(position)
        ? undefined
        : given.findLast((set) => startsWith(set.path, position))?.argument;
      const argument = setOf(position) ?? made;
      const nowhere = { source: `--set ${argument}`, line: null, column: null, sourceLine: null };
      const found = argument === undefined ? locate(offsetOf(document, position, at).offset) : nowhere;
      return { ...found, path: formatKeyPath(path), message, didYouMean };
    },
    origin(path) {
      const position = written(path);
      const varied = position === path ? '' : 'matrix, ';
      const argument = setOf(position);
      if (argument !== undefined) {
        return `${varied}--set ${argument}`;
      }
      const { offset, isWhole } = offsetOf(document, position, 'value');
      const { source, line } = locate(offset);
      return isWhole ? `${varied}${source}:${line}` : null;
    },
    located: (path) => (path.startsWith('/') ? path : `${file.slice(0, file.lastIndexOf('/') + 1)}${path}`),
    withChoice: (chosen) => createSources({ ...state, choice: chosen }),
  };
}

function applySets(content: Record<string, unknown>, sets: readonly string[]) {
  let value = content;
  const given: { argument: string; path: KeyPath }[] = [];
  const problems: ConfigProblem[] = [];
  for (const argument of sets) {
    const refuse = (path: string, message: string, didYouMean: string | null = null) =>
      problems.push({
        ...{ source: `--set ${argument}`, line: null, column: null, sourceLine: null },
        ...{ path, message, didYouMean },
      });
    const [, keys, text] = /^([^=\s]+)=(.*)$/s.exec(argument) ?? [];
    if (keys === undefined || text === undefined) {
      refuse('', 'expected path=value, such as --set student.finetune.epochs=5');
      continue;
    }
    const parsed = parseValue(text);
    if (parsed === null) {
      refuse(keys, `the value is not YAML: ${text}`);
      continue;
    }
    const path = parseKeyPath(keys);
    // An unknown key with a value is found by the schema. Removing one would change nothing, and hide the mistake.
    if (parsed.value === null && formsAt(path).length === 0 && getIn(value, path) === undefined) {
      refuse(keys, 'unknown key', nearest(String(path.at(-1)), keysAt(path.slice(0, -1))));
      continue;
    }
    const changed = setIn(value, path, takesNull(path) ? parsed.value : (parsed.value ?? undefined));
    if (changed === null) {
      refuse(keys, 'leads through a key that holds no mapping; set that key as a whole, such as --set "key={a: 1}"');
      continue;
    }
    value = changed;
    given.push({ argument, path });
  }
  return { value, given, problems };
}

function parseValue(text: string): { readonly value: unknown } | null {
  try {
    return { value: parse(text) };
  } catch {
    return null;
  }
}

/** Walks down the document as far as the path was written. */
function offsetOf(document: Document, path: KeyPath, at: 'key' | 'value'): { offset: number; isWhole: boolean } {
  let node = document.contents as Node | null;
  let offset = node?.range?.[0] ?? 0;
  for (const [depth, key] of path.entries()) {
    const inner = isAlias(node) ? node.resolve(document) : node;
    const pair = isMap(inner) ? inner.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined;
    const next = isSeq(inner) && typeof key === 'number' ? inner.items[key] : pair?.value;
    const keyOffset = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
    if (pair === undefined && next === undefined) {
      return { offset, isWhole: false };
    }
    const isLast = depth === path.length - 1;
    // For a mapping, pointing at its key is clearer than pointing at the start of its block.
    const ownOffset =
      isScalar(next) || isSeq(next) || isSeq(inner) ? (next as Node | undefined)?.range?.[0] : keyOffset;
    offset = (isLast && at === 'key' ? keyOffset : ownOffset) ?? keyOffset ?? offset;
    node = (next as Node | null | undefined) ?? null;
  }
  return { offset, isWhole: true };
}

const startsWith = (path: KeyPath, prefix: KeyPath) =>
  prefix.length <= path.length && prefix.every((key, index) => key === path[index]);
