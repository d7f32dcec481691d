import type { BudgetConfig, RunConfig } from './schema';

/** One run that a file asks for, as `plan.json` holds it. */
export interface RunPlan extends RunToDo {
  /** What the matrix varies, by key path: `{strategy: 'loss', seed: '1'}`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Key path -> where the value was written; absent for defaults. */
  readonly origins: Readonly<Record<string, string>>;
  /** Path -> what each file that the configuration names holds; absent in plans of older versions. */
  readonly files?: Readonly<Record<string, FileDigest>>;
}

/** What a file held when the run was started. */
export interface FileDigest {
  readonly sha256: string;
  readonly bytes: number;
  /** When its content or its attributes last changed, by the file system. */
  readonly changedMs: number;
}

/** The part of a plan that the run's workflow works from. */
export interface RunToDo {
  /** `<name>`, or `<name>/<values of the matrix>` such as `quickstart/loss-1`. */
  readonly run: string;
  /** The file's name where it has a matrix. */
  readonly experiment: string | null;
  readonly config: RunConfig;
  /** Caps over all runs of the experiment together. */
  readonly experimentBudget?: Omit<BudgetConfig, 'on_exhausted'> | undefined;
}
