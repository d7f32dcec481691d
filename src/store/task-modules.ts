import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createContext, Script } from 'node:vm';
import { nearest } from '../core/config/problems';
import { type Called, type ModuleFunction, moduleFunctions, type TaskModule } from '../core/tasks/module/task-module';

/** A call that takes longer is ended: an endless loop on one answer costs that answer alone. */
const CALL_MS_MAX = 10_000;
/** `seeds` and `tests` may generate or read many rows. */
const ROWS_MS_MAX = 300_000;
/** Rows of one set: an endless generator must not fill the memory. */
const ROWS_MAX = 5_000_000;
const REASON_CHARACTERS_MAX = 300;

type Loaded = TaskModule | { readonly problem: string };

const loaded = new Map<string, Loaded>();

/**
 * Loads a module of a task. A process keeps the version that it loaded first, as Node does.
 * @param options.onChanged told once where the file is no longer that version
 * @returns the problem, as a sentence, where the file is no such module
 */
export function loadTaskModule(
  path: string,
  options: { readonly callMsMax?: number; readonly onChanged?: (sentence: string) => void } = {},
): Loaded {
  const absolute = resolve(path);
  const known = loaded.get(absolute) ?? readModule(absolute, options.callMsMax ?? CALL_MS_MAX);
  // A file that was missing or broken may have been corrected by the next look.
  if (!('problem' in known)) {
    loaded.set(absolute, known);
    if (options.onChanged !== undefined && !toldOf.has(absolute) && known.changed() !== null) {
      toldOf.add(absolute);
      options.onChanged(
        `${absolute} was changed; this process continues with the version that it loaded, and a run that is resumed later needs that version again`,
      );
    }
  }
  return known;
}

const toldOf = new Set<string>();

const digestOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');

/** The digest of a file now, unless it is the one given. */
function changedFrom(path: string, sha256: string): string | null {
  try {
    const now = digestOf(readFileSync(path));
    return now === sha256 ? null : now;
  } catch {
    return 'absent';
  }
}

function readModule(path: string, callMsMax: number): Loaded {
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { problem: code === 'ENOENT' ? `there is no file ${path}` : `${path} cannot be read: ${message}` };
  }
  let exported: Readonly<Record<string, unknown>>;
  try {
    exported = requireOf(path)(path);
  } catch (error) {
    return { problem: `${path} cannot be loaded: ${importProblem(error)}` };
  }
  const problem = exportProblem(exported);
  if (problem !== null) {
    return { problem: `${path} ${problem}` };
  }
  const files = filesOf(exported.files, path);
  const sha256 = digestOf(content);
  return 'problem' in files
    ? files
    : { path, sha256, changed: () => changedFrom(path, sha256), files, ...functionsOf(exported, callMsMax) };
}

/** Node's own `require`, which also loads ES modules, at once. Bundlers and test runners replace the global one. */
const requireOf = (path: string) => process.getBuiltinModule('node:module').createRequire(path);

function importProblem(error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  return code === 'ERR_REQUIRE_ASYNC_MODULE' ? 'it must not use await at its top level' : oneLine(error);
}

function exportProblem(exported: Readonly<Record<string, unknown>>): string | null {
  const names = Object.keys(moduleFunctions);
  const missing = Object.entries(moduleFunctions)
    .filter(([name, need]) => need === 'required' && typeof exported[name] !== 'function')
    .map(([name]) => name);
  if (missing.length > 0) {
    return `must export the function${missing.length === 1 ? '' : 's'} ${missing.join(', ')}; it exports ${Object.keys(exported).join(', ') || 'nothing'}`;
  }
  const wrong = names.find((name) => exported[name] !== undefined && typeof exported[name] !== 'function');
  if (wrong !== undefined) {
    return `exports ${wrong}, which must be a function`;
  }
  const late = names.find((name) => isAsync(exported[name]));
  if (late !== undefined) {
    return `exports ${late}, which must not be async: its value is needed at once; what has to wait for something belongs into a program (check: command) or into a file that the module reads`;
  }
  const unused = names.filter((name) => exported[name] === undefined);
  for (const name of Object.keys(exported).filter((key) => key !== 'files' && !names.includes(key))) {
    const meant = nearest(name, unused);
    if (meant !== null) {
      return `exports ${name}; did you mean ${meant}?`;
    }
  }
  return null;
}

const isAsync = (value: unknown): boolean =>
  typeof value === 'function' && /^Async(?:Generator)?Function$/.test(value.constructor.name);

/** The further files that the module says it is made of, such as its data or what it imports. */
function filesOf(files: unknown, path: string): string[] | { readonly problem: string } {
  if (files === undefined) {
    return [];
  }
  if (!Array.isArray(files) || files.some((file) => typeof file !== 'string')) {
    return { problem: `${path} exports files, which must be a list of paths` };
  }
  const paths = files.map((file: string) => resolve(dirname(path), file));
  const absent = paths.find((file) => statSync(file, { throwIfNoEntry: false })?.isFile() !== true);
  return absent === undefined ? paths : { problem: `${path} names a file that does not exist: ${absent}` };
}

function functionsOf(exported: Readonly<Record<string, unknown>>, callMsMax: number): Pick<TaskModule, 'has' | 'call'> {
  const sandbox = createContext({ call: undefined });
  const script = new Script('call()');
  const limited = (work: () => unknown, timeout: number): unknown => {
    sandbox.call = work;
    try {
      return script.runInContext(sandbox, { timeout });
    } finally {
      sandbox.call = undefined;
    }
  };
  return {
    has: (name) => exported[name] !== undefined,
    call: (name: ModuleFunction, ...given): Called => {
      const own = exported[name];
      if (typeof own !== 'function') {
        return { ok: false, reason: 'is missing' };
      }
      const isOfRows = name === 'seeds' || name === 'tests';
      const timeout = isOfRows ? ROWS_MS_MAX : callMsMax;
      try {
        // A generator does its work while it is read.
        const work = () => (isOfRows ? asList(own(...given)) : own(...given));
        return { ok: true, value: limited(work, timeout) };
      } catch (error) {
        const { code } = (error ?? {}) as { readonly code?: unknown };
        const isLate = code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
        return {
          ok: false,
          reason: isLate ? `took longer than ${timeout / 1000} seconds` : `threw: ${oneLine(error)}`,
        };
      }
    },
  };
}

/** What can be iterated as a list; anything else as it is, for whoever reads it to refuse. */
function asList(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !(Symbol.iterator in value)) {
    return value;
  }
  const items: unknown[] = [];
  for (const item of value as Iterable<unknown>) {
    if (items.length === ROWS_MAX) {
      throw new RangeError(`it returns more than ${ROWS_MAX.toLocaleString('en-US')} rows`);
    }
    items.push(item);
  }
  return items;
}

/** Anything that was thrown, as one short line. */
function oneLine(error: unknown): string {
  let text: string;
  try {
    const { name, message } = (error ?? {}) as { readonly name?: unknown; readonly message?: unknown };
    text =
      typeof message === 'string'
        ? name === 'Error' || name === undefined
          ? message
          : `${name}: ${message}`
        : String(error);
  } catch {
    text = 'something that has no text';
  }
  return text.replace(/\s+/g, ' ').slice(0, REASON_CHARACTERS_MAX);
}
