import { count } from './phrases';
import type { ExperimentRun } from './results-schema';

/**
 * What a reader must know of the students before believing a gain: answers that were cut at the token limit, before and
 * after, answers without a verdict, and rows that were bought and not learned from. Empty where there is nothing to tell.
 */
export function studentNotes(runs: readonly ExperimentRun[]): string[] {
  return runs.flatMap((run) => [...truncationNote(run), ...verdictNote(run), ...droppedNote(run)]);
}

function truncationNote({ run, curve, config }: ExperimentRun): string[] {
  const [first, last] = [curve[0]?.overall, curve.at(-1)?.overall];
  const [before, after] = [first?.truncated ?? 0, last?.truncated ?? 0];
  if (before + after === 0 || first === undefined || last === undefined) {
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
