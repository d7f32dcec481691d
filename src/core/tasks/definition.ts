import type { z } from 'zod';
import type { ConfigFinding } from '../config/problems';
import type { Procedure, Task } from './task';

/** The section of any task: what else it holds is up to its kind. */
export interface AnyTaskOptions {
  readonly kind: string;
}

/** Everything that the program needs to know about one kind of task. Its folder exports one of these, as `definition.ts`. */
export interface TaskDefinition<Schema extends z.ZodType<AnyTaskOptions>, Options = z.output<Schema>> {
  readonly kind: z.output<Schema>['kind'];
  /** Which kinds it stands for. Default: its own alone. */
  owns?(kind: string): boolean;
  /** The `task` section of a configuration. */
  readonly schema: Schema;
  create(options: Options): Task;
  /** The options with relative paths made absolute. Leave it out where the options hold no path. */
  withPaths?(options: Options, resolve: (path: string) => string): Options;
  /** Why its code cannot be loaded; `null` where it can. Leave it out where all code is the program's own. */
  unloadable?(options: Options, resolve: (path: string) => string): string | null;
  /** Options that contradict each other; each path starts with `task`. */
  findings?(options: Options): readonly ConfigFinding[];
  readonly offline?: {
    /** Writes questions and answers for `provider: offline`. */
    readonly teacher: Procedure;
    /** Grades answers for `provider: offline`, by the task's own rules. */
    readonly judge?: Procedure;
    /** The option that would make these options teachable, such as `task.source: templates`; `null` where there is none. */
    teachableWith?(options: Options): string | null;
  };
}

/** A task of one configuration. */
export interface ConfiguredTask<Options> {
  create(): Task;
  withPaths(resolve: (path: string) => string): Options;
  unloadable(resolve: (path: string) => string): string | null;
  findings(): readonly ConfigFinding[];
  /** See `TaskDefinition.offline`. */
  offlineTeachableWith(): string | null;
  readonly hasOfflineJudge: boolean;
}

/** Makes a definition fit for the registry, which knows the options of a task by their `kind` alone. */
export function defineTask<Schema extends z.ZodType<AnyTaskOptions>>(definition: TaskDefinition<Schema>) {
  const { kind, schema, offline } = definition;
  const isOwn = (options: AnyTaskOptions): options is AnyTaskOptions & z.output<Schema> =>
    definition.owns?.(options.kind) ?? options.kind === kind;
  return {
    kind,
    schema,
    offlineTeacher: offline?.teacher ?? null,
    offlineJudge: offline?.judge ?? null,
    /** `null` for the options of another kind. */
    configure(options: AnyTaskOptions): ConfiguredTask<z.output<Schema>> | null {
      if (!isOwn(options)) {
        return null;
      }
      return {
        create: () => definition.create(options),
        withPaths: (resolve) => definition.withPaths?.(options, resolve) ?? options,
        unloadable: (resolve) => definition.unloadable?.(options, resolve) ?? null,
        findings: () => definition.findings?.(options) ?? [],
        offlineTeachableWith: () => offline?.teachableWith?.(options) ?? null,
        hasOfflineJudge: offline?.judge !== undefined,
      };
    },
  };
}
