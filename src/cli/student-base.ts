import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RunConfig } from '../core/config/schema';
import { TutelageError } from '../core/errors';

/**
 * The configuration with the models that it names by folder made absolute, from the folder of the file. A name that looks
 * like a path is one; any other is a folder where there is one, else an id of the hub.
 * @throws TutelageError `usage` where a path is not a model directory
 */
export function withModelPaths(config: RunConfig, folder: string): RunConfig {
  const { student, reward_model } = config;
  const base = student.base === 'tiny' ? student.base : modelPath('student.base', student.base, folder);
  return {
    ...config,
    student: { ...student, base },
    ...(reward_model === undefined
      ? {}
      : { reward_model: { ...reward_model, base: modelPath('reward_model.base', reward_model.base, folder) } }),
  };
}

function modelPath(key: string, base: string, folder: string): string {
  const path = resolve(folder, base);
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isFolder && !looksLikePath(base)) {
    return base;
  }
  if (!isFolder || statSync(join(path, 'config.json'), { throwIfNoEntry: false }) === undefined) {
    throw new TutelageError(
      'usage',
      `${key}: ${path} is ${isFolder ? 'a folder without config.json' : 'not a folder'}`,
      'name a folder that holds config.json, *.safetensors and tokenizer.json, from the folder of this file, or a hub id',
    );
  }
  return path;
}

/** A hub id is `name` or `owner/name`. */
const looksLikePath = (base: string) => /^[./~]/.test(base) || base.split('/').length > 2;
