import { createHash } from 'node:crypto';
import type { LabelledRun } from '../../src/analysis/results';
import type { ArtifactKind, ArtifactRef } from '../../src/core/artifact-ref';
import { runConfigSchema } from '../../src/core/config/schema';
import type { EvaluationSummary, IterationRecord, RunRecord, Spend, Tally } from '../../src/core/run-record';

/** Accuracies measured in ten runs each of the demo task, [overall, macro] after 0, 300, ... 1,200 rows. */
const measuredCurves = {
  random: [[0.717, 0.441], [0.779, 0.505], [0.825, 0.564], [0.859, 0.604], [0.87, 0.634]], // biome-ignore format: a table
  loss: [[0.717, 0.441], [0.797, 0.551], [0.856, 0.649], [0.897, 0.728], [0.92, 0.787]], // biome-ignore format: a table
} as const;

const operators = ['+', '-', '*', 'min', 'max', '|a-b|', 'f1', 'f2', 'f3', 'f4', 'f5', 'f6'];

export type Strategy = keyof typeof measuredCurves;

/** The experiment of the quickstart, two strategies by three seeds, with the measured means and a small spread. */
export function demoExperiment(): LabelledRun[] {
  return (['random', 'loss'] as const).flatMap((strategy) =>
    [1, 2, 3].map((seed) => ({
      run: `${strategy}-${seed}`,
      labels: { strategy, seed },
      record: demoRecord(strategy, seed),
    })),
  );
}

/** A complete run, or one that has come as far as `iterations`. */
export function demoRecord(strategy: Strategy, seed: number, iterations = 4): RunRecord {
  const name = (...parts: (string | number)[]) => [strategy, seed, ...parts].join('-');
  return {
    run: `demo/${strategy}-${seed}`,
    experiment: 'demo',
    config: runConfigSchema.parse({
      name: 'demo',
      task: { kind: 'operator-chains' },
      strategy: {
        name: strategy,
        score: strategy,
        target: 'own',
        keep: 'high',
        select: strategy === 'random' ? 'uniform' : 'top',
      },
      iterations: 4,
      samples_per_iteration: 300,
      budget: { samples: 1200 },
      seed,
    }),
    state: iterations === 4 ? 'complete' : 'running',
    endedBecause: iterations === 4 ? 'iterations' : null,
    prepared: {
      pool: reference('pool', `pool-${seed}`),
      tests: { test: reference('test-set', `test-${seed}`), balanced: reference('test-set', `balanced-${seed}`) },
      base: { base: reference('model', `base-${seed}`) },
      baseRows: reference('rows', `base-rows-${seed}`),
    },
    baseEvaluation: evaluation(strategy, seed, 0),
    iterations: Array.from({ length: iterations }, (_, index) => iterationRecord(strategy, seed, index + 1, name)),
  };
}

function iterationRecord(
  strategy: Strategy,
  seed: number,
  iteration: number,
  name: (...parts: (string | number)[]) => string,
): IterationRecord {
  return {
    iteration,
    predictions: strategy === 'random' ? null : reference('predictions', name('predictions', iteration)),
    scores: strategy === 'random' ? null : reference('scores', name('scores', iteration)),
    selection: reference('selection', name('selection', iteration)),
    selectedBy: {
      student: { base: reference('model', `base-${seed}`) },
      stream: ['select', seed, iteration],
      skip: 0,
      count: 600,
    },
    rows: reference('rows', name('rows', iteration)),
    rejected: reference('rejected-rows', name('rejected', iteration)),
    asked: 300,
    accepted: 300,
    overBudget: 0,
    student: { base: reference('model', `base-${seed}`), adapter: reference('model', name('student', iteration)) },
    evaluation: evaluation(strategy, seed, iteration),
    spend: spendAfter(iteration),
  };
}

function spendAfter(iteration: number): Spend {
  return {
    samples: 300 * iteration,
    inputTokens: 31_200 * iteration,
    outputTokens: 9_450 * iteration,
    usd: 0.01035 * iteration,
    unknownCalls: 0,
    unknownTokens: 0,
    unknownUsd: 0,
  };
}

function evaluation(strategy: Strategy, seed: number, iteration: number): EvaluationSummary {
  const [overall, macro] = measuredCurves[strategy][iteration] as readonly [number, number];
  // Seeds share a level (paired designs do) and differ a little in how much each arm gains.
  const shift = [-0.012, 0.002, 0.01][seed - 1] ?? 0;
  const own = strategy === 'loss' ? ([0.004, -0.006, 0.002][seed - 1] ?? 0) * iteration : 0;
  return {
    answers: reference('evaluation', `${strategy}-${seed}-answers-${iteration}`),
    overall: tally(Math.round(600 * (overall + shift / 2 + own / 3)), 600),
    strata: strataOf(Math.round(600 * (macro + shift + own))),
  };
}

/** Fifty questions a stratum; common operators are known better than rare ones. */
function strataOf(correct: number): Record<string, Tally> {
  const decay = correct / 600;
  const weights = operators.map((_, index) => 1 / (1 + Math.exp((index - 12 * decay) / (1 + 2 * decay))));
  const scale = correct / weights.reduce((sum, weight) => sum + weight, 0);
  let carried = 0;
  const tallies = weights.map((weight) => {
    const wanted = weight * scale + carried;
    const got = Math.max(0, Math.min(50, Math.round(wanted)));
    carried = wanted - got;
    return tally(got, 50);
  });
  return Object.fromEntries(operators.map((operator, index) => [operator, tallies[index] as Tally]));
}

const tally = (correct: number, total: number): Tally => ({ correct, wellFormed: total, answered: total, total });

function reference(kind: ArtifactKind, content: string): ArtifactRef {
  return { kind, sha256: createHash('sha256').update(content).digest('hex'), bytes: content.length };
}
