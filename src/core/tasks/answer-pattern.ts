/**
 * A user's own pattern for `check: regex`. JavaScript's engine backtracks and cannot be stopped from inside, and this code
 * runs where there is no second thread, so the time of a row is bounded beforehand by what is allowed: a match tries at
 * most (starts in a line) x (lengths of each repetition) x 2^(choices) ways. Groups are not repeated and there are no
 * back references, so nothing multiplies beyond that; texts are read by their last lines, each by its end. With these
 * limits the worst pattern that is allowed takes well under a second on the worst text (answer-pattern.test.ts).
 */

const LINES_MAX = 10;
const CHARACTERS_MAX = 1000;
const LINE_CHARACTERS_MAX = 200;
const PATTERN_CHARACTERS_MAX = 300;

/** Repetitions (*, +, {n}) -> choices (? and |) that may stand beside them. */
const CHOICES_MAX = [12, 6, 2];

/** What is wrong with a pattern, or `null`. */
export function patternProblem(pattern: string): string | null {
  if (pattern.length > PATTERN_CHARACTERS_MAX) {
    return `at most ${PATTERN_CHARACTERS_MAX} characters, got ${pattern.length}`;
  }
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
  return repetitionProblem(bare);
}

/** @param bare the pattern with plain characters for classes and escapes */
function repetitionProblem(bare: string): string | null {
  const counts = (bare.match(/\{\d*,?\d*\}/g) ?? []).flatMap((repetition) => repetition.match(/\d+/g) ?? []);
  if (counts.some((count) => Number(count) > LINE_CHARACTERS_MAX)) {
    return `lines are read by their last ${LINE_CHARACTERS_MAX} characters, so {n} beyond that never matches`;
  }
  const repetitions = bare.match(/[*+]|\{\d*,?\d*\}/g)?.length ?? 0;
  const choicesMax = CHOICES_MAX[repetitions];
  if (choicesMax === undefined) {
    return `at most ${CHOICES_MAX.length - 1} repetitions (*, +, {n}), got ${repetitions}`;
  }
  // What opens a group, and what makes a repetition lazy, chooses nothing.
  const choices = bare
    .replace(/\(\?(?:[:=!]|<[=!]|<[^>]*>)/g, '(')
    .replace(/([*+}?])\?/g, '$1')
    .match(/[?|]/g);
  return (choices?.length ?? 0) > choicesMax
    ? `beside ${repetitions} repetitions at most ${choicesMax} choices (?, |), got ${choices?.length}`
    : null;
}

/** What the pattern finds in the last line that it matches: its first group, or all of it. `null` where nothing matches. */
export function matchAnswer(pattern: string, text: string): string | null {
  const form = new RegExp(pattern, 'u');
  const lines = text.slice(-20_000).trimEnd().slice(-CHARACTERS_MAX).trim().split('\n').slice(-LINES_MAX).reverse();
  for (const line of lines) {
    const match = form.exec(line.slice(-LINE_CHARACTERS_MAX));
    if (match !== null) {
      return (match[1] ?? match[0]).trim();
    }
  }
  return null;
}
