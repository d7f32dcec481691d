import { canonicalJson } from '../core/canonical-json';
import type { ExperimentResults, ExperimentRun } from './results-schema';

/** What is equal between the runs of an experiment, and what is not. */
export function fairnessOf(runs: readonly ExperimentRun[]): ExperimentResults['fairness'] {
  const configs = runs.map(({ config }) => config);
  const isEqual = (values: readonly unknown[]) =>
    new Set(values.map((value) => canonicalJson(value ?? null))).size <= 1;
  return {
    varied: variedPaths(configs),
    recipeIsEqual: isEqual(configs.map(({ student }) => student.finetune)),
    budgetIsEqual: isEqual(configs.map(({ budget }) => budget)),
    shortfalls: runs.flatMap(({ run, config, iterations }) =>
      iterations
        .filter(({ accepted }) => accepted < config.samples_per_iteration)
        .map(({ iteration, accepted }) => ({ run, iteration, accepted, wanted: config.samples_per_iteration })),
    ),
  };
}

/** Key paths of the values that are not the same in all of them, in order of appearance. */
export function variedPaths(configs: readonly object[]): string[] {
  const flat = configs.map(flatten);
  const paths = [...new Set(flat.flatMap((one) => [...one.keys()]))];
  return paths.filter((path) => new Set(flat.map((one) => one.get(path) ?? 'not set')).size > 1);
}

/** Key path -> value as text. */
export function flatten(value: object): Map<string, string> {
  const flat = new Map<string, string>();
  const visit = (current: unknown, path: string) => {
    if (typeof current === 'object' && current !== null && !Array.isArray(current)) {
      for (const [key, child] of Object.entries(current)) {
        visit(child, path === '' ? key : `${path}.${key}`);
      }
    } else if (current !== undefined) {
      flat.set(path, typeof current === 'string' ? current : canonicalJson(current));
    }
  };
  visit(value, '');
  return flat;
}
