import { canonicalJson } from '../canonical-json';
import { formatKeyPath, leaves } from './key-path';
import type { RunConfig } from './schema';

export interface ConfigChange {
  /** Key path. */
  readonly path: string;
  /** `undefined` where the key was not there. */
  readonly before: unknown;
  readonly after: unknown;
}

/** What differs between the configuration that a run was started with and the one that is asked for now. */
export function configDifference(before: RunConfig, after: RunConfig): ConfigChange[] {
  const old = byPath(before);
  const now = byPath(after);
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((path) => canonicalJson(old.get(path) ?? null) !== canonicalJson(now.get(path) ?? null))
    .map((path) => ({ path, before: old.get(path), after: now.get(path) }));
}

const byPath = (config: RunConfig) =>
  new Map(leaves(config).map(({ path, value }) => [formatKeyPath(path), value] as const));
