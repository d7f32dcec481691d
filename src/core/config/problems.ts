import type { KeyPath } from './key-path';

/** A problem that a check found, before it is known where in the file the value was written. */
export interface ConfigFinding {
  /** From the root of the configuration. */
  readonly path: KeyPath;
  readonly message: string;
}

/** One problem of a configuration: where it is, what was expected, what came, and what was probably meant. */
export interface ConfigProblem {
  /** The file or the `--set` argument that it comes from. */
  readonly source: string;
  /** From 1; `null` where the source is not a file. */
  readonly line: number | null;
  readonly column: number | null;
  /** The line of the file, to be shown under the message. */
  readonly sourceLine: string | null;
  /** Key path, such as `student.finetune.epochs`; empty for the whole file. */
  readonly path: string;
  /** One sentence without the position: what was expected, and what came. */
  readonly message: string;
  readonly didYouMean: string | null;
}

/** All problems as text: `file:line:column: path: message`, the line itself with a caret, and what was meant. */
export function formatProblems(problems: readonly ConfigProblem[]): string {
  return problems.map(formatProblem).join('\n');
}

function formatProblem(problem: ConfigProblem): string {
  const { source, line, column, sourceLine, path, message, didYouMean } = problem;
  const location = line === null ? source : `${source}:${line}:${column}`;
  const lines = [`${location}: ${path === '' ? '' : `${path}: `}${message}`];
  if (sourceLine !== null && column !== null) {
    const margin = `${line} | `;
    lines.push(`  ${margin}${sourceLine}`, `  ${' '.repeat(margin.length + column - 1)}^`);
  }
  if (didYouMean !== null) {
    lines.push(`  did you mean: ${didYouMean}`);
  }
  return lines.join('\n');
}

/** The known word that is closest to what was written, if it is close enough to have been meant. */
export function nearest(written: string, known: readonly string[]): string | null {
  const limit = Math.max(1, Math.floor(written.length / 3));
  const ranked = known
    .map((word) => ({ word, distance: editDistance(written.toLowerCase(), word.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((left, right) => left.distance - right.distance);
  return ranked[0]?.word ?? null;
}

/** Levenshtein's distance, row by row. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [index, character] of [...left].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...right].entries()) {
      next.push(
        Math.min(
          (row[column] ?? 0) + (character === other ? 0 : 1),
          (row[column + 1] ?? 0) + 1,
          (next[column] ?? 0) + 1,
        ),
      );
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
