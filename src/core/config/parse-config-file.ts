import type { z } from 'zod';
import { canonicalJson } from '../canonical-json';
import { graderKind } from '../tasks/grader-kind';
import { judgeOf } from './judge-of';
import { getIn } from './key-path';
import { type Choice, combinations, labelOf, type Matrix, matrixProblems, overruledSets, withChosen } from './matrix';
import type { ConfigProblem } from './problems';
import { resolveRun } from './resolve-run';
import type { RunPlan } from './run-plan';
import { type FileConfig, fileSchema } from './schema';
import { schemaProblems } from './schema-problems';
import { readSources, type Sources, type SourceText } from './sources';

/** A valid file. */
interface ParsedFile {
  readonly ok: true;
  /** The file, with the first combination of its matrix: for the keys that all runs share. */
  readonly config: FileConfig;
  /** In the order of the matrix, its last path varying fastest; one run where there is no matrix. */
  readonly runs: readonly RunPlan[];
}

type ParsedConfig = ParsedFile | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Limit of a matrix, so that a typo does not start a thousand runs. */
const RUNS_MAX = 500;

/**
 * Reads a configuration: text and `path=value` arguments in, resolved runs out, or all of its problems at
 * once. Pure: of the files that it names only the module of a task is read, by the function that the process provides.
 */
export function parseConfigFile(text: SourceText): ParsedConfig {
  const read = readSources(text);
  if ('problems' in read) {
    return { ok: false, problems: read.problems };
  }
  const { sources } = read;
  const shared = parseShared(sources);
  const written: Matrix = shared.value?.matrix ?? {};
  const findings = [...matrixProblems(written, sources), ...overruledSets(written, sources)];
  const refused = findings.map(({ path }) => path.replace(/^matrix\./, ''));
  // A problem with one path must not hide problems with the values of another.
  const matrix = Object.fromEntries(Object.entries(written).filter(([path]) => !refused.includes(path)));
  const count = Object.values(matrix).reduce((product, values) => product * values.length, 1);
  if (count > RUNS_MAX) {
    const message = `expected at most ${RUNS_MAX} runs, this matrix has ${count}`;
    return { ok: false, problems: [sources.problem(['matrix'], message)] };
  }
  const resolved = combinations(matrix).map((choice) => {
    const value = withChosen(sources.value, matrix, choice);
    return { choice, run: resolveRun(value, sources.withChoice(choice)) };
  });
  const problems = unique([
    ...shared.problems,
    ...findings,
    ...resolved.flatMap(({ run }) => (run.ok ? [] : run.problems)),
  ]);
  if (problems.length > 0 || shared.value === null) {
    return { ok: false, problems: inOrder(problems) };
  }
  const experimentBudget = shared.value.experiment_budget;
  const runs = resolved.flatMap(({ choice, run }) =>
    run.ok ? [{ ...planOf(matrix, choice, run), experimentBudget }] : [],
  );
  const collisions = [...collisionsOf(runs, sources), ...unequalJudges(runs, sources)];
  return collisions.length > 0
    ? { ok: false, problems: collisions }
    : {
        ok: true,
        config: fileSchema.parse(withChosen(sources.value, matrix, combinations(matrix)[0] ?? new Map())),
        runs,
      };
}

type Shared = z.output<typeof sharedSchema>;

const sharedSchema = fileSchema.pick({ matrix: true, parallel_runs: true, experiment_budget: true, notify: true });

/** The keys that all runs share. Those of each run are checked with its combination of the matrix. */
function parseShared(sources: Sources): { readonly value: Shared | null; readonly problems: readonly ConfigProblem[] } {
  const { matrix, parallel_runs, experiment_budget, notify, teacher } = sources.value;
  const parsed = sharedSchema.safeParse({ matrix, parallel_runs, experiment_budget, notify });
  if (!parsed.success) {
    return { value: null, problems: schemaProblems(parsed.error.issues, sources.value, sources) };
  }
  const isWithoutPrice = parsed.data.experiment_budget?.usd !== undefined && getIn(teacher, ['price']) === undefined;
  const message = 'a cap in USD needs teacher.price: {input, output}, in USD per million tokens';
  return {
    value: parsed.data,
    problems: isWithoutPrice ? [sources.problem(['experiment_budget', 'usd'], message)] : [],
  };
}

function planOf(matrix: Matrix, choice: Choice, { config, origins }: Pick<RunPlan, 'config' | 'origins'>): RunPlan {
  const labels = Object.fromEntries(
    [...choice].map(([path, index]) => [path, labelOf(path, matrix[path] ?? [], index)] as const),
  );
  const { name } = config;
  return choice.size === 0
    ? { run: name, experiment: null, config, labels, origins }
    : { run: `${name}/${Object.values(labels).join('-')}`, experiment: name, config, labels, origins };
}

/** Two values with one label (`./a/model` and `./b/model`, or the same value twice) would share one run. */
function collisionsOf(runs: readonly RunPlan[], sources: Sources): ConfigProblem[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { run } of runs) {
    (seen.has(run) ? twice : seen).add(run);
  }
  return [...twice].map((run) =>
    sources.problem(['matrix'], `two combinations would both be named ${run}; give them values whose names differ`),
  );
}

/** Verdicts of different judges cannot be compared, so all runs whose answers a judge grades have the same one. */
function unequalJudges(runs: readonly RunPlan[], sources: Sources): ConfigProblem[] {
  const judges = runs
    .filter(({ config }) => graderKind(config.task) === 'judge')
    .map(({ config }) => {
      const { provider, model, base_url, temperature, max_tokens, parameters, system } = judgeOf(config);
      const { judge } = config.task as { readonly judge?: unknown };
      return canonicalJson([
        provider,
        model,
        base_url ?? null,
        temperature,
        max_tokens,
        parameters ?? null,
        system ?? null,
        judge,
      ]);
    });
  const message =
    'the runs would be graded by different judges, so that their results could not be compared; ' +
    'write the section judge in full, and do not vary it or task.judge';
  return new Set(judges).size > 1 ? [sources.problem(['matrix'], message)] : [];
}

function unique(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

/** In the order of the file; problems without a line come first. */
function inOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...problems].sort(
    (left, right) => (left.line ?? 0) - (right.line ?? 0) || (left.column ?? 0) - (right.column ?? 0),
  );
}
