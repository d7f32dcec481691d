import type { RunConfig } from '../../core/config/schema';
import { isTutelageError } from '../../core/errors';
import type { PythonEnvironment } from '../../setup/python';
import type { Workspace } from '../../store/workspace';

/** What the checks look at. Nothing is made, started or changed for them. */
export interface Patient {
  readonly workspace: Workspace;
  /** Of the runs of a file, where one was named; else empty. */
  readonly configs: readonly RunConfig[];
  readonly environment: NodeJS.ProcessEnv;
  /** The engine's Python; `null` where it has yet to be made; an error where the one that was named is none. */
  readonly python: PythonEnvironment | null | Error;
}

/** One line. `todo` is what to do; absent where all is well. */
export interface Finding {
  readonly name: string;
  readonly found: string;
  readonly todo?: string;
}

export interface Check {
  readonly name: string;
  look(patient: Patient): Promise<Omit<Finding, 'name'>>;
}

/** A check that cannot look has found something too. */
export async function lookWith({ name, look }: Check, patient: Patient): Promise<Finding> {
  try {
    return { name, ...(await look(patient)) };
  } catch (error) {
    const todo = isTutelageError(error) ? (error.hint ?? 'see above') : 'look at what it says';
    return { name, found: error instanceof Error ? error.message : String(error), todo };
  }
}
