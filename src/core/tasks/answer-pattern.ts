/**
 * A user's own pattern for `check: regex`. JavaScript cannot stop a pattern that backtracks for hours, so patterns that
 * could are refused, and texts are read line by line, from the last, with a limit on each.
 */

const LINES_MAX = 10;
const LINE_CHARACTERS_MAX = 300;
const UNBOUNDED_MAX = 2;

/** What is wrong with a pattern, or `null`. */
export function patternProblem(pattern: string): string | null {
  try {
    new RegExp(pattern, 'u');
  } catch (error) {
    return (error as Error).message;
  }
  // Characters in classes and escapes repeat nothing.
  const bare = pattern
    .replace(/\\k<[^>]*>|\\[1-9]/g, '\u0000')
    .replace(/\\./g, 'x')
    .replace(/\[[^\]]*\]/g, 'x');
  if (bare.includes('\u0000')) {
    return 'back references may take for ever, and are not allowed';
  }
  if (/\)(?:[*+?]|\{)/.test(bare.replace(/\([^()*+{}|]*\)\?/g, 'x'))) {
    return 'a repeated group may take for ever; repeat single characters or classes, such as [0-9]+';
  }
  const unbounded = bare.match(/[*+]|\{\d*,?\d*\}/g)?.length ?? 0;
  return unbounded > UNBOUNDED_MAX ? `at most ${UNBOUNDED_MAX} repetitions (*, +, {n}), got ${unbounded}` : null;
}

/** What the pattern finds in the last line that it matches: its first group, or all of it. `null` where nothing matches. */
export function matchAnswer(pattern: string, text: string): string | null {
  const form = new RegExp(pattern, 'u');
  const lines = text.slice(-20_000).trim().split('\n').slice(-LINES_MAX).reverse();
  for (const line of lines) {
    const match = form.exec(line.slice(-LINE_CHARACTERS_MAX));
    if (match !== null) {
      return (match[1] ?? match[0]).trim();
    }
  }
  return null;
}
