import { TutelageError } from '../../errors';

/**
 * The functions of a task's module; docs/tasks.md describes them for users. Each is also given `task.options`, as its last
 * argument.
 */
export const moduleFunctions = {
  /** `({seed, options})` -> rows `{question, answer, stratum?}`: the pool. */
  seeds: 'required',
  /** The same for the test set. */
  tests: 'required',
  /** `(question, reference, answer)` -> a boolean, a score from 0 to 1, or `{correct | score, readAs?, reason?}`; `null`: unreadable. */
  check: 'required',
  /** `(question)` -> what the student reads: a text, or turns `{role, content}`. */
  prompt: 'optional',
  /** `(reply)` -> the new question in a reply of the teacher; `null`: there is none. */
  readQuestion: 'optional',
  /** `(reply, question)` -> the answer in a reply of the teacher; `null`: there is none. */
  readAnswer: 'optional',
  /** `(question, answer)` -> the group that results are broken down by. */
  stratum: 'optional',
  /** `(question, answer)` -> whether an answer is right, without a reference: for `hygiene.verify: checker`. */
  verify: 'optional',
} as const;

export type ModuleFunction = keyof typeof moduleFunctions;

/** What a function of the module returned, or why it returned nothing: as the predicate of a sentence. */
export type Called = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string };

/** A loaded module. */
export interface TaskModule {
  /** Absolute. */
  readonly path: string;
  readonly sha256: string;
  /** The file was changed since this process loaded it: its digest now, or `absent`. `null`: it is as it was. */
  changed(): string | null;
  /** Absolute paths of the further files that the module says it is made of. */
  readonly files: readonly string[];
  has(name: ModuleFunction): boolean;
  /** Calls a function, for a limited time. Whatever it throws is a reason, never an exception. */
  call(name: ModuleFunction, ...given: readonly unknown[]): Called;
}

type Loader = (path: string) => TaskModule | { readonly problem: string };

let loader: Loader = () => ({ problem: 'this process loads no modules' });

/** The core reads no files: a process that may read them says how. Workflow code never does, so it cannot load a module. */
export function provideTaskModules(load: Loader): void {
  loader = load;
}

/** @returns the problem where the file is no module of a task */
export const findTaskModule: Loader = (path) => loader(path);

/** @throws TutelageError `usage` where there is no such module, or another version than the run was started with */
export function taskModuleAt(path: string, sha256: string | undefined): TaskModule {
  const found = findTaskModule(path);
  if ('problem' in found) {
    throw new TutelageError('usage', `the task ${path} cannot be loaded: ${found.problem}`, 'correct the module');
  }
  if (sha256 !== undefined && found.sha256 !== sha256) {
    throw new TutelageError(
      'usage',
      `the task ${path} is another version: expected sha256 ${sha256.slice(0, 12)}, found ${found.sha256.slice(0, 12)}`,
      found.changed() === sha256
        ? 'this process loaded an earlier version of it: start it again'
        : 'restore the module on this machine, then start its worker again',
    );
  }
  return found;
}
