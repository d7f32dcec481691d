import { defineTask } from '../definition';
import { moduleSchema } from './schema';
import { moduleTask } from './task';
import { findTaskModule, taskModuleAt } from './task-module';

export const moduleDefinition = defineTask({
  kind: './my-task.mjs',
  owns: (kind) => kind.endsWith('.mjs'),
  schema: moduleSchema,
  create: moduleTask,
  withPaths: (options, resolve) => {
    const kind: typeof options.kind = `${resolve(options.kind).replace(/\.mjs$/, '')}.mjs`;
    return { ...options, kind, sha256: options.sha256 ?? taskModuleAt(kind, undefined).sha256 };
  },
  unloadable: ({ kind }, resolve) => {
    const found = findTaskModule(resolve(kind));
    return 'problem' in found ? found.problem : null;
  },
});
