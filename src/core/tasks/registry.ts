import { z } from 'zod';
import type { ConfiguredTask } from './definition';
import { game24Definition } from './game24/definition';
import { gsm8kDefinition } from './gsm8k/definition';
import { jsonlDefinition } from './jsonl/definition';
import { gradeOpenAnswer } from './jsonl/offline-judge';
import { mathDefinition } from './math/definition';
import { moduleDefinition } from './module/definition';
import { operatorChainsDefinition } from './operator-chains/definition';
import { prontoqaDefinition } from './prontoqa/definition';
import type { Procedure, Task } from './task';

/** Every kind of task: a new one is a folder, and its line here. */
const definitions = [
  operatorChainsDefinition,
  gsm8kDefinition,
  mathDefinition,
  prontoqaDefinition,
  game24Definition,
  jsonlDefinition,
] as const;

const [first, ...others] = definitions;

const allDefinitions = [...definitions, moduleDefinition];

/** The `task` section of a configuration: one mapping for each kind of task, and one for modules of the user's. */
export const taskSchema = z.union([
  z.discriminatedUnion('kind', [first.schema, ...others.map(({ schema }) => schema)]),
  moduleDefinition.schema,
]);

export type TaskConfig = z.output<typeof taskSchema>;

/** The offline teacher tries these in order; the judges come last. */
export const offlineProcedures: readonly Procedure[] = [
  ...definitions.map(({ offlineTeacher }) => offlineTeacher),
  ...definitions.map(({ offlineJudge }) => offlineJudge),
  gradeOpenAnswer,
].filter((procedure) => procedure !== null);

/** The task that a configuration names. */
export const taskOf = (config: TaskConfig): Task => configuredTask(config).create();

/** The task's definition, bound to the options of a configuration. */
export function configuredTask(config: TaskConfig): ConfiguredTask<TaskConfig> {
  for (const definition of allDefinitions) {
    const configured = definition.configure(config);
    if (configured !== null) {
      return configured;
    }
  }
  throw new RangeError(`there is no task of kind ${config.kind}`);
}
