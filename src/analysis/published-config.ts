import { basename, isAbsolute } from 'node:path';
import type { RunConfig } from '../core/config/schema';
import { configuredTask } from '../core/tasks/registry';

/**
 * The configuration as it may be published: files and models of this machine by their names alone, since folders name their
 * owner. The hash of the configuration is that of the whole.
 */
export function publishedConfig(config: RunConfig): RunConfig {
  const { task, student, reward_model } = config;
  return {
    ...config,
    task: configuredTask(task).withPaths(publishedName),
    student: { ...student, base: publishedName(student.base) },
    ...(reward_model === undefined
      ? {}
      : { reward_model: { ...reward_model, base: publishedName(reward_model.base) } }),
  };
}

/** The last part of an absolute path; anything else as it is. */
const publishedName = (path: string): string => (isAbsolute(path) ? basename(path) : path);
