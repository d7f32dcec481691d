import type { Analyses } from './analyses-schema';
import { count } from './phrases';
import type { ExperimentResults, ExperimentRun, RunResults } from './results-schema';

/** Fewer truncated answers than this cannot make or hide a difference that anybody claims. */
const TRUNCATED_SHARE_MIN = 0.02;

/**
 * What a reader must know of the students before believing a gain: answers that were cut at the token limit, before and
 * after, answers without a verdict, and rows that were bought and not learned from. Empty where there is nothing to tell.
 */
export function studentNotes(results: RunResults | ExperimentResults): string[] {
  const runs = results.kind === 'run' ? [results] : results.runs;
  const ofRuns = runs.flatMap((run) => [...truncationNote(run), ...verdictNote(run), ...droppedNote(run)]);
  return [...ofRuns, ...poolNotes(results.analyses.health)];
}

/** What selects by answers that were cut selects by the limit. */
function poolNotes(health: Analyses['health']): string[] {
  const arms = [...new Set(health.map(({ arm }) => arm))];
  return arms.flatMap((arm) => {
    const shares = health.filter((one) => one.arm === arm).flatMap(({ truncatedShare }) => truncatedShare ?? []);
    const most = Math.max(0, ...shares);
    return most < TRUNCATED_SHARE_MIN
      ? []
      : [
          `${arm}: up to ${(100 * most).toFixed(0)} % of the answers to the pool were cut at student.max_new_tokens and scored as far as they go; the selection depends on the limit`,
        ];
  });
}

function truncationNote({ run, curve, config }: ExperimentRun): string[] {
  const [first, last] = [curve[0]?.overall, curve.at(-1)?.overall];
  const [before, after] = [first?.truncated ?? 0, last?.truncated ?? 0];
  if (first === undefined || last === undefined) {
    return [];
  }
  if (before < TRUNCATED_SHARE_MIN * first.total && after < TRUNCATED_SHARE_MIN * last.total) {
    return [];
  }
  const limit = `student.max_new_tokens (${config.student.max_new_tokens})`;
  const shorter = before > after ? '; part of the gain may be answers that became shorter' : '';
  return [
    `${run}: answers cut at ${limit}: ${count(before)} of ${count(first.total)} by the base, ${count(after)} of ${count(last.total)} at the end${shorter}`,
  ];
}

/** Answers that have no verdict are no wrong ones; many of them make every figure doubtful. */
function verdictNote({ run, curve }: ExperimentRun): string[] {
  const [first, last] = [curve[0]?.overall, curve.at(-1)?.overall];
  if (first === undefined || last === undefined) {
    return [];
  }
  const states = (['unreadable', 'unmeasured'] as const).flatMap((state) => {
    const [before, after] = [first[state] ?? 0, last[state] ?? 0];
    return before + after === 0
      ? []
      : [
          `${state} ${count(before)} of ${count(first.total)} by the base, ${count(after)} of ${count(last.total)} at the end`,
        ];
  });
  return states.length === 0 ? [] : [`${run}: answers without a verdict: ${states.join('; ')}`];
}

function droppedNote({ run, iterations }: ExperimentRun): string[] {
  const dropped = iterations.flatMap(({ iteration, droppedRows }) =>
    droppedRows === undefined ? [] : [`${count(droppedRows)} in iteration ${iteration}`],
  );
  return dropped.length === 0
    ? []
    : [`${run}: rows that a finetune had to leave out: ${dropped.join(', ')}; the reasons are in the run's log`];
}
