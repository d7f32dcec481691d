/** Where a text says its answer. */
export interface FinalAnswer {
  readonly text: string;
  /** How it was found, from the strictest form to the loosest. */
  readonly marker: 'hashes' | 'boxed' | 'phrase' | 'last-line';
}

/** Longer texts are read from their end: no answer worth reading has more, and no check may take long. */
export const READ_CHARACTERS_MAX = 20_000;

/**
 * The answer of a worked text: behind the last `####`, in the last `\boxed{}`, behind the last "answer is" or "answer:",
 * or its last line. `null` when there is none, or when it is only said what the answer is not.
 */
export function finalAnswer(text: string): FinalAnswer | null {
  const read = tidy(text);
  const hashes = read.lastIndexOf('####');
  if (hashes >= 0) {
    return found('hashes', firstLine(read.slice(hashes + 4)));
  }
  const boxed = lastBoxed(read);
  if (boxed !== null) {
    return found('boxed', boxed);
  }
  const phrase = [...read.matchAll(/\banswer(?: is|:)(?::)?/gi)].at(-1);
  if (phrase !== undefined) {
    return found('phrase', firstLine(read.slice(phrase.index + phrase[0].length)));
  }
  return found('last-line', read.slice(read.lastIndexOf('\n') + 1));
}

/** The content of the last `\boxed{...}` or `\fbox{...}`, by matching braces; also `\boxed 5`. */
export function lastBoxed(text: string): string | null {
  const start = Math.max(text.lastIndexOf('\\boxed'), text.lastIndexOf('\\fbox'));
  if (start < 0) {
    return null;
  }
  const after = text.slice(start).replace(/^\\[a-z]+/, '');
  const brace = after.search(/\S/);
  if (after[brace] !== '{') {
    return brace > 0 ? (/^\S+/.exec(after.slice(brace))?.[0] ?? null) : null;
  }
  let depth = 0;
  for (let index = brace; index < after.length; index += 1) {
    depth += after[index] === '{' ? 1 : after[index] === '}' ? -1 : 0;
    if (depth === 0) {
      return after.slice(brace + 1, index);
    }
  }
  return null;
}

/** One form of every character that has several, single spaces, no more than can be read quickly. */
export function tidy(text: string): string {
  return (
    text
      .slice(-READ_CHARACTERS_MAX)
      // NFKC would make 31/2 of 3½ and 52 of 5².
      .replace(/(\d)(?=[\u00bc-\u00be\u2150-\u215e])/g, '$1 ')
      .replace(/[\u00b2\u00b3\u00b9\u2070\u2074-\u2079]/g, '^$&')
      .normalize('NFKC')
      .replaceAll('\u2044', '/')
      .replace(/[\u2010-\u2015\u2212]/g, '-')
      .replace(/[^\S\n]+/g, ' ')
      .replace(/ ?\n ?/g, '\n')
      .trim()
  );
}

/** "not 5", "isn't 5", "never 5": what follows is no answer. */
export const isNegated = (before: string) => /(?:\bnot|n't|\bnever|\bneither|\bnor)(?: \w+)?[ "'(]*$/i.test(before);

function found(marker: FinalAnswer['marker'], text: string): FinalAnswer | null {
  const trimmed = text.trim();
  return trimmed === '' || isNegated(/^(?:not|never|neither)\b/i.exec(trimmed)?.[0] ?? '')
    ? null
    : { marker, text: trimmed };
}

const firstLine = (text: string) => text.trimStart().split('\n', 1)[0] ?? '';
