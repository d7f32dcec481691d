import { resolveStrategy, strategyProblems } from '../strategies';
import { checkConfig } from './checks';
import { formatKeyPath, getIn, isMapping, leaves } from './key-path';
import type { ConfigProblem } from './problems';
import { fileSchema, type RunConfig, runConfigSchema } from './schema';
import { schemaProblems } from './schema-problems';
import type { Sources } from './sources';

export type ResolvedRun =
  | { readonly ok: true; readonly config: RunConfig; readonly origins: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** One run from values without a matrix: defaults filled in, the preset replaced by what it stands for, everything checked. */
export function resolveRun(value: Readonly<Record<string, unknown>>, sources: Sources): ResolvedRun {
  const { matrix, parallel_runs, experiment_budget, notify, ...own } = value;
  const parsed = ownSchema.safeParse(withDerivedDefaults(own));
  if (!parsed.success) {
    return { ok: false, problems: schemaProblems(parsed.error.issues, own, sources) };
  }
  const config = withinPool(
    runConfigSchema.parse({ ...parsed.data, strategy: resolveStrategy(parsed.data.strategy) }),
    getIn(own, ['student', 'warm_up', 'rows']) === undefined,
  );
  const problems = [
    ...strategyProblems(config.strategy).map(({ key, message }) => sources.problem(['strategy', key], message)),
    ...checkConfig(config, sources),
  ];
  return problems.length > 0 ? { ok: false, problems } : { ok: true, config, origins: originsOf(config, own, sources) };
}

/** A file without the keys about the experiment as a whole. */
const ownSchema = fileSchema.omit({ matrix: true, parallel_runs: true, experiment_budget: true, notify: true });

/** Defaults that depend on another value: `tiny` knows nothing without a warm-up, and `openai` has a default URL. */
function withDerivedDefaults(value: Record<string, unknown>): Record<string, unknown> {
  const { student = {}, teacher } = value;
  const isTiny = isMapping(student) && (student.base ?? 'tiny') === 'tiny' && student.warm_up === undefined;
  const isOpenai = isMapping(teacher) && teacher.provider === 'openai' && teacher.base_url === undefined;
  return {
    ...value,
    ...(isTiny ? { student: { ...student, warm_up: {} } } : {}),
    ...(isOpenai ? { teacher: { ...teacher, base_url: 'https://api.openai.com/v1' } } : {}),
  };
}

/** A warm-up whose rows nobody wrote takes no more than the pool has. */
function withinPool(config: RunConfig, isRowsDefault: boolean): RunConfig {
  const { student, task } = config;
  const { warm_up } = student;
  return isRowsDefault && warm_up !== undefined && task.pool_size !== undefined && warm_up.rows > task.pool_size
    ? { ...config, student: { ...student, warm_up: { ...warm_up, rows: task.pool_size } } }
    : config;
}

function originsOf(config: RunConfig, written: unknown, sources: Sources): Record<string, string> {
  const preset = getIn(written, ['strategy']);
  const entries = leaves(config).flatMap(({ path }) => {
    const isOfPreset = typeof preset === 'string' && path[0] === 'strategy';
    const origin = sources.origin(isOfPreset ? ['strategy'] : path);
    if (origin === null) {
      return [];
    }
    return [[formatKeyPath(path), isOfPreset ? `preset ${preset}, ${origin}` : origin] as const];
  });
  return Object.fromEntries(entries);
}
