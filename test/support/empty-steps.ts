import type { Activities } from '../../src/activities';
import type { ArtifactKind, ArtifactRef, ModelRef } from '../../src/core/artifact-ref';
import { parseConfigFile } from '../../src/core/config';
import type { RunConfig } from '../../src/core/config/schema';

/** One activity, as a test replaces it; the signal aborts when the workflow cancels the step. */
export type FakeSteps = {
  [Name in keyof Activities]?: (
    input: Parameters<Activities[Name]>[0],
    signal?: AbortSignal,
  ) => ReturnType<Activities[Name]>;
};

export const ref = (kind: ArtifactKind, rows = 1): ArtifactRef => ({ kind, sha256: '0'.repeat(64), bytes: 100, rows });

const model: ModelRef = { base: ref('model') };
const tally = { correct: 1, wellFormed: 1, answered: 1, total: 1 };
const selectedBy = { student: model, stream: [], skip: 0, count: 0 };

const funnelOf = (rows: number) => ({
  ...{ asked: rows, answered: rows, parsed: rows, new: rows, clean: rows, verified: rows, accepted: rows },
});

/** Steps that do nothing and succeed: every row that is asked for is accepted, and nothing is spent. */
export const emptySteps = {
  readData: async () => ({ pool: ref('pool', 100), tests: {} }),
  prepare: async () => ({ pool: ref('pool', 100), tests: {}, base: model, baseRows: null }),
  evaluate: async () => ({ answers: ref('evaluation'), overall: tally, strata: {} }),
  predict: async () => ref('predictions'),
  score: async () => ref('scores'),
  grade: async () => ({ grades: ref('grades'), overBudget: 0 }),
  gradeAnswers: async () => ({ grades: ref('grades'), overBudget: 0 }),
  settleEvaluation: async ({ evaluation }) => evaluation,
  joinParts: async ({ kind }) => ref(kind),
  select: async () => ({ selection: ref('selection'), pickedSeeds: ref('picked-seeds'), selectedBy }),
  budgetMayBind: async () => false,
  generate: async ({ from, to }) => ({ rows: ref('bought-rows', to - from), overBudget: 0 }),
  checkRows: async () => ref('job-output'),
  submitBatch: async () => ({ job: null, overBudget: 0 }),
  pollBatch: async () => {},
  collectBatch: async () => ({ overBudget: 0, settled: 0, isFull: false }),
  releaseBatch: async () => undefined,
  cancelBatch: async () => {},
  collectRows: async ({ rowsWanted }) => ({
    ...{ rows: ref('rows', rowsWanted), rejected: ref('rejected-rows', 0) },
    ...{ accepted: rowsWanted, overBudget: 0, funnel: funnelOf(rowsWanted), reasons: {} },
  }),
  finetune: async () => model,
  archive: async () => ({ finishedIterations: ref('iterations'), spentUsd: 0 }),
  changeBudget: async ({ samples }) => samples ?? null,
  noteSteering: async () => {},
  noteWaiting: async () => {},
  exportHistory: async () => {},
} satisfies FakeSteps;

/** The configuration of a run with these lines in its file. */
export function fakeConfig(lines: string): RunConfig {
  const parsed = parseConfigFile({
    text: `name: fake\ntask: {kind: operator-chains}\n${lines}\n`,
    file: 'fake.yaml',
    sets: [],
  });
  if (!parsed.ok || parsed.runs[0] === undefined) {
    throw new Error(JSON.stringify(parsed));
  }
  return parsed.runs[0].config;
}
