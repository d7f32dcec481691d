import { resolveStrategy } from '../strategies';
import { formsAt, formsOf } from './json-schema';
import { getIn, isMapping, type KeyPath, parseKeyPath, setIn } from './key-path';
import { type ConfigProblem, nearest } from './problems';
import { strategyInFile } from './schema';
import type { Sources } from './sources';

export type Matrix = Readonly<Record<string, readonly unknown[]>>;

/** One combination: which value of each path. */
export type Choice = ReadonlyMap<string, number>;

/** Keys about the experiment as a whole, which runs cannot differ in. */
const fixedKeys = ['name', 'matrix', 'parallel_runs', 'experiment_budget', 'notify'];

/** Every combination, the last path varying fastest. */
export function combinations(matrix: Matrix): Choice[] {
  return Object.entries(matrix).reduce<Choice[]>(
    (choices, [path, values]) =>
      choices.flatMap((choice) => values.map((_, index) => new Map([...choice, [path, index] as const]))),
    [new Map()],
  );
}

/** The file's values, overridden by one combination. */
export function withChosen(value: Readonly<Record<string, unknown>>, matrix: Matrix, choice: Choice) {
  return [...choice].reduce<Record<string, unknown>>(
    (changed, [path, index]) => setIn(changed, parseKeyPath(path), matrix[path]?.[index]) ?? changed,
    { ...value },
  );
}

/** Paths that do not exist, that another path already covers, or that lead through a preset. */
export function matrixProblems(matrix: Matrix, sources: Sources): ConfigProblem[] {
  return Object.keys(matrix).flatMap((path) => {
    const keys = parseKeyPath(path);
    const refuse = (message: string, didYouMean: string | null = null) => [
      sources.problem(['matrix', path], message, { at: 'key', didYouMean }),
    ];
    if (fixedKeys.includes(String(keys[0]))) {
      return refuse(`${keys[0]} is the same for all runs of a file and cannot vary`);
    }
    if (formsAt(keys).length === 0) {
      return refuse('unknown key', nearest(path, knownPaths()));
    }
    const outer = Object.keys(matrix).find((other) => other !== path && path.startsWith(`${other}.`));
    if (outer !== undefined) {
      return refuse(`the matrix also varies ${outer} as a whole`);
    }
    if (setIn(sources.value, keys, null) === null) {
      return refuse(`leads through ${keys[0]}, which is a preset here; vary ${keys[0]} as a whole`);
    }
    return [];
  });
}

/** A short name of a value: `loss`, `1`, `qwen2.5-0.5b`. The same in file names, workflow ids and legends. */
export function labelOf(path: string, values: readonly unknown[], index: number): string {
  const value = values[index];
  const strategy = path === 'strategy' ? strategyInFile.safeParse(value) : undefined;
  const text = strategy?.success
    ? resolveStrategy(strategy.data).name
    : isMapping(value)
      ? nameOfTask(value, values)
      : String(value);
  const safe = (text.split('/').findLast((part) => part !== '') ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[.-]+|[.-]+$/g, '');
  return safe === '' ? `value-${index + 1}` : safe;
}

/**
 * A task that is varied as a whole is named by its kind; where others are of the same kind, also by its check, and where
 * others have the same check, too, by its file.
 */
function nameOfTask(task: Readonly<Record<string, unknown>>, values: readonly unknown[]): string {
  const { kind, check, train } = task;
  const ofKind = values.filter(isMapping).filter((other) => other.kind === kind);
  const ofCheck = ofKind.filter((other) => other.check === check);
  const file = typeof train === 'string' ? train.split('/').at(-1)?.replace(/\..*$/, '') : undefined;
  const parts = [kind, ...(ofKind.length > 1 ? [check] : []), ...(ofCheck.length > 1 ? [file] : [])];
  return parts.filter((part) => typeof part === 'string').join('-');
}

function knownPaths(path: KeyPath = []): string[] {
  return formsAt(path).flatMap((node) =>
    formsOf(node).flatMap(({ properties }) =>
      Object.keys(properties ?? {})
        .filter((key) => path.length > 0 || !fixedKeys.includes(key))
        .flatMap((key) => [[...path, key].join('.'), ...knownPaths([...path, key])]),
    ),
  );
}

/** `--set seed=5` beside a matrix over `seed` would do nothing: it is refused. */
export function overruledSets(matrix: Matrix, sources: Sources): ConfigProblem[] {
  return Object.keys(matrix).flatMap((path) => {
    const keys = parseKeyPath(path);
    const isSet = getIn(sources.value, keys) !== undefined && sources.origin(keys)?.startsWith('--set') === true;
    return isSet ? [sources.problem(keys, `the matrix varies this key; use --set "matrix.${path}=[...]"`)] : [];
  });
}
