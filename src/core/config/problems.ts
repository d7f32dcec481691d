/** One thing that is wrong with a configuration: where, what was expected, what came, and what was probably meant. */
export interface Problem {
  /** The file, or the `--set` argument that said it. */
  readonly source: string;
  /** From 1; `null` where the source is no file. */
  readonly line: number | null;
  readonly column: number | null;
  /** The line of the file, for a frame under the message. */
  readonly sourceLine: string | null;
  /** Key path, such as `student.finetune.epochs`; empty for the whole file. */
  readonly path: string;
  /** One sentence without its place: what was expected, and what came. */
  readonly message: string;
  readonly didYouMean: string | null;
}

/** All problems, for people: `file:line:column: path: message`, the line itself with a caret, and what was meant. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems.map(formatProblem).join('\n');
}

function formatProblem(problem: Problem): string {
  const { source, line, column, sourceLine, path, message, didYouMean } = problem;
  const place = line === null ? source : `${source}:${line}:${column}`;
  const lines = [`${place}: ${path === '' ? '' : `${path}: `}${message}`];
  if (sourceLine !== null && column !== null) {
    const margin = `${line} | `;
    lines.push(`  ${margin}${sourceLine}`, `  ${' '.repeat(margin.length + column - 1)}^`);
  }
  if (didYouMean !== null) {
    lines.push(`  did you mean: ${didYouMean}`);
  }
  return lines.join('\n');
}

/** The known word that is nearest to what was written, when it is near enough to have been meant. */
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
