import type { TaskConfig } from './schema';

/** A task with the paths it names made absolute; what has none is left as it is. */
export function withTaskPaths(task: TaskConfig, resolve: (path: string) => string): TaskConfig {
  switch (task.kind) {
    case 'jsonl':
      return { ...task, train: resolve(task.train), test: resolve(task.test) };
    case 'gsm8k':
    case 'math':
      return {
        ...task,
        ...(task.train === undefined ? {} : { train: resolve(task.train) }),
        ...(task.test === undefined ? {} : { test: resolve(task.test) }),
      };
    default:
      return task;
  }
}
