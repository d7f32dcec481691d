import type { RunConfig } from '../../core/config/schema';
import { isTutelageError, messageOf } from '../../core/errors';
import type { PythonEnvironment } from '../../setup/python';
import type { Workspace } from '../../store/workspace';

/** What the checks look at: this machine, its environment and the workspace. No check creates, starts or changes anything. */
export interface DoctorContext {
  readonly workspace: Workspace;
  /** Of the runs of the file that was named; empty where none was. */
  readonly configs: readonly RunConfig[];
  readonly environment: NodeJS.ProcessEnv;
  /** The engine's Python; `null` until the first run creates it; an error where TUTELAGE_PYTHON cannot be used. */
  readonly python: PythonEnvironment | null | Error;
}

/** One line of the output. `fix` is how to solve the problem; absent where there is none. */
export interface DoctorFinding {
  readonly name: string;
  readonly detail: string;
  readonly fix?: string;
}

export interface DoctorCheck {
  readonly name: string;
  inspect(context: DoctorContext): Promise<Omit<DoctorFinding, 'name'>>;
}

/** A check that throws has found a problem too. */
export async function inspectWith({ name, inspect }: DoctorCheck, context: DoctorContext): Promise<DoctorFinding> {
  try {
    return { name, ...(await inspect(context)) };
  } catch (error) {
    const fix = isTutelageError(error) ? error.hint : undefined;
    return {
      name,
      detail: messageOf(error),
      fix: fix ?? 'the message says what is wrong; run `tutelage doctor` again after that',
    };
  }
}
