import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parse, parseDocument } from 'yaml';
import { formatKeyPath, isMapping, type KeyPath, parseKeyPath, setIn } from './key-path';
import type { Problem } from './problems';

/** The values a person gave, with where each came from: the file, `--set` arguments over it, one choice of the matrix over both. */
export interface Sources {
  /** The file with `--set` arguments applied. */
  readonly value: Record<string, unknown>;
  /** A problem at this path, or at the nearest mapping around it that was written. `at: 'key'` points at the key itself. */
  problem(path: KeyPath, message: string, options?: { at?: 'key' | 'value'; didYouMean?: string | null }): Problem;
  /** Where the value at this path was written, for people; `null` where nobody wrote it. */
  origin(path: KeyPath): string | null;
  /** The same with a choice of the matrix over it: key path -> index of the value. */
  withChoice(choice: ReadonlyMap<string, number>): Sources;
}

export interface SourceText {
  readonly text: string;
  /** Name of the file, as messages shall show it. */
  readonly file: string;
  /** `path=value` arguments; the value is YAML, and `null` removes the key. */
  readonly sets: readonly string[];
}

/** Reads the text. Problems are those of YAML itself and of the form of the `--set` arguments. */
export function readSources({ text, file, sets }: SourceText): { sources: Sources } | { problems: Problem[] } {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  const lines = text.split(/\r?\n/);
  const placeOf = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset);
    return { source: file, line, column: col, sourceLine: lines[line - 1] ?? null };
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message, pos }) => ({
      ...placeOf(pos[0]),
      path: '',
      message: `not YAML: ${message.split(/ at line \d+/)[0]}`,
      didYouMean: null,
    }));
    return { problems };
  }
  const content: unknown = document.toJS();
  if (!isMapping(content)) {
    const message = `expected a mapping such as "name: my-run", got ${content === null ? 'nothing' : 'something else'}`;
    return { problems: [{ ...placeOf(0), path: '', message, didYouMean: null }] };
  }
  const applied = applySets(content, sets);
  if (applied.problems.length > 0) {
    return { problems: applied.problems };
  }
  const { value, given } = applied;
  return { sources: createSources({ value, given, document, placeOf, choice: new Map() }) };
}

interface State {
  readonly value: Record<string, unknown>;
  /** The `--set` arguments, the last one of a path last. */
  readonly given: readonly { readonly argument: string; readonly path: KeyPath }[];
  readonly document: Document;
  readonly placeOf: (offset: number) => Pick<Problem, 'source' | 'line' | 'column' | 'sourceLine'>;
  readonly choice: ReadonlyMap<string, number>;
}

function createSources(state: State): Sources {
  const { value, given, document, placeOf, choice } = state;

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
      const place = written(path);
      // A mapping that only an argument made has no place in the file: `--set studnet.base=x` makes `studnet`.
      const made = document.hasIn(place) ? undefined : given.findLast((set) => startsWith(set.path, place))?.argument;
      const argument = setOf(place) ?? made;
      const nowhere = { source: `--set ${argument}`, line: null, column: null, sourceLine: null };
      const found = argument === undefined ? placeOf(offsetOf(document, place, at).offset) : nowhere;
      return { ...found, path: formatKeyPath(path), message, didYouMean };
    },
    origin(path) {
      const place = written(path);
      const varied = place === path ? '' : 'matrix, ';
      const argument = setOf(place);
      if (argument !== undefined) {
        return `${varied}--set ${argument}`;
      }
      const { offset, isWhole } = offsetOf(document, place, 'value');
      const { source, line } = placeOf(offset);
      return isWhole ? `${varied}${source}:${line}` : null;
    },
    withChoice: (chosen) => createSources({ ...state, choice: chosen }),
  };
}

function applySets(content: Record<string, unknown>, sets: readonly string[]) {
  let value = content;
  const given: { argument: string; path: KeyPath }[] = [];
  const problems: Problem[] = [];
  for (const argument of sets) {
    const refuse = (path: string, message: string) =>
      problems.push({
        source: `--set ${argument}`,
        line: null,
        column: null,
        sourceLine: null,
        path,
        message,
        didYouMean: null,
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
    const changed = setIn(value, path, parsed.value ?? undefined);
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
    // A mapping's first key says more than where its block begins: point at the key that holds it.
    const ownOffset =
      isScalar(next) || isSeq(next) || isSeq(inner) ? (next as Node | undefined)?.range?.[0] : keyOffset;
    offset = (isLast && at === 'key' ? keyOffset : ownOffset) ?? keyOffset ?? offset;
    node = (next as Node | null | undefined) ?? null;
  }
  return { offset, isWhole: true };
}

const startsWith = (path: KeyPath, prefix: KeyPath) =>
  prefix.length <= path.length && prefix.every((key, index) => key === path[index]);
