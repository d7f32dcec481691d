import { canonicalJson } from '../canonical-json';
import { formatKeyPath, leaves } from './key-path';
import type { RunConfig } from './schema';

export interface ConfigChange {
  /** Key path. */
  readonly path: string;
  /** `undefined` where the key was absent. */
  readonly before: unknown;
  readonly after: unknown;
}

/** Differences between the configuration that a run was started with and the current one. */
export function configDifference(before: RunConfig, after: RunConfig): ConfigChange[] {
  const old = byPath(before);
  const now = byPath(after);
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((path) => textOf(old.get(path)) !== textOf(now.get(path)))
    .map((path) => ({ path, before: old.get(path), after: now.get(path) }));
}

/** `null` is a value of its own: `parameters: {seed: null}` asks for something else than no `seed` there. */
const textOf = (value: unknown) => (value === undefined ? null : canonicalJson(value));

const byPath = (config: RunConfig) =>
  new Map(leaves(config).map(({ path, value }) => [formatKeyPath(path), value] as const));
