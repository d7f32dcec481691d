import { finalAnswer, isNegated } from './final-answer';

/** The one letter, A to J, that a text chooses: `B`, `(B)`, `B) Paris`, `the answer is B`. `null` for none or several. */
export function finalChoice(text: string): string | null {
  const answer = finalAnswer(text);
  if (answer === null) {
    return null;
  }
  const said = answer.text.slice(0, 500);
  if (/\b[A-Ja-j]\)? ?(?:,|\bor\b|\band\b) ?\(?[A-Ja-j]\b/.test(said)) {
    return null;
  }
  const leading = /^[("'*\s]{0,5}([A-Ja-j])(?:[).:*"'\s]{0,5}$|[).:])/.exec(said)?.[1];
  if (leading !== undefined) {
    return leading.toUpperCase();
  }
  const inBrackets = letters(said, /\(([A-Ja-j])\)/g);
  // Bare A and I are words.
  return one(inBrackets) ?? (inBrackets.length > 0 ? null : one(letters(said, /(?<![\w'])([B-HJ])(?![\w'])/g)));
}

const letters = (text: string, form: RegExp) =>
  [...text.matchAll(form)]
    .filter(({ index }) => !isNegated(text.slice(Math.max(0, index - 40), index)))
    .map(([, letter]) => (letter as string).toUpperCase());

const one = (found: readonly string[]) => (new Set(found).size === 1 ? (found[0] ?? null) : null);
