import type { RunConfig } from './schema';

/** One run that a file asks for. */
export interface RunPlan {
  /** `<name>`, or `<name>/<values of the matrix>` such as `quickstart/loss-1`. */
  readonly run: string;
  /** The file's name where it has a matrix. */
  readonly experiment: string | null;
  readonly config: RunConfig;
  /** What the matrix varies, by key path: `{strategy: 'loss', seed: '1'}`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Key path -> where the value was written; absent for defaults. */
  readonly origins: Readonly<Record<string, string>>;
}
