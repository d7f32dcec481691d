import { tidy } from './final-answer';
import { parseNumber } from './numbers';
import { equal } from './rational';

/** Longer answers are compared as they are. */
const NORMALISED_CHARACTERS_MAX = 2000;

/** Whether two answers in LaTeX are the same after normalising, or the same number. Equivalent forms beyond that are the engine's. */
export function sameLatex(left: string, right: string): boolean {
  const [a, b] = [normaliseLatex(left), normaliseLatex(right)];
  if (a === b) {
    return a !== '';
  }
  const [first, second] = [plainNumber(a), plainNumber(b)];
  return first !== null && second !== null && equal(first, second);
}

/**
 * One spelling of what LaTeX spells in several ways: after the comparison that the MATH data set was published with
 * (arXiv 2103.03874), with braces, sizes, units, degrees, percent and a leading `x =` removed.
 */
export function normaliseLatex(text: string): string {
  const tidied = tidy(text);
  if (tidied.length > NORMALISED_CHARACTERS_MAX) {
    return tidied;
  }
  let result = tidied.replaceAll('\n', '').replace(/^\$+|\$+$/g, '');
  for (const [found, written] of spellings) {
    result = result.replace(found, written);
  }
  result = result.replace(/\.$/, '').replaceAll(' ', '');
  // "k = 5" is 5, but "x + y = 5" says something else.
  const equation = /^[a-zA-Z]{1,2}=(.+)$/.exec(result);
  return equation?.[1] ?? result;
}

const spellings: readonly (readonly [RegExp, string])[] = [
  [/\\(?:left|right|big|Big|bigg|Bigg)(?![a-zA-Z])/g, ''],
  [/\\[!,;:> ]|~|\\q?quad/g, ''],
  [/\\(?:dfrac|tfrac|cfrac)/g, '\\frac'],
  [/\^ ?\{? ?(?:\\circ|°) ?\}?|°|\\degree/g, ''],
  [/\\?%/g, ''],
  [/\\\$|\$/g, ''],
  // A unit behind a number is left out, a text that is the answer is kept.
  [/(\d|\}|\)) ?\\(?:text|mbox|mathrm|textrm) ?\{[^{}]*\}(?:\^\{?\d\}?)?$/g, '$1'],
  [/(\d) ?(?:[a-zA-Z]{2,}\.?(?: [a-zA-Z]+)*)$/g, '$1'],
  [/\\(?:text|mbox|mathrm|textrm|textbf|mathbf) ?\{([^{}]*)\}/g, '$1'],
  [/\\frac ?(\d) ?(\d)(?!\d)/g, '\\frac{$1}{$2}'],
  [/\\frac ?\{([^{}]*)\} ?(\d)(?!\d)/g, '\\frac{$1}{$2}'],
  [/\\frac ?(\d) ?\{/g, '\\frac{$1}{'],
  [/\\sqrt ?(\d)(?!\d)/g, '\\sqrt{$1}'],
  [/^(-?\d+) ?\/ ?(\d+)$/g, '\\frac{$1}{$2}'],
  [/\\frac ?\{-(\d+)\}/g, '-\\frac{$1}'],
  [/(?<!\d)\.(\d)/g, '0.$1'],
  [/\\(?:le|ge|ne)(?![a-zA-Z])/g, '$&q'],
  [/\\cdot|\\times/g, '*'],
  [/\{,\}/g, ','],
];

/** A normalised answer that is a number: `-\frac{3}{4}`, `0.75`, `1,234`. */
function plainNumber(normalised: string) {
  const fraction = /^(-?)\\frac\{(\d+)\}\{(\d+)\}$/.exec(normalised);
  const text = fraction === null ? normalised : `${fraction[1]}${fraction[2]}/${fraction[3]}`;
  return /^-?[\d,]*\.?\d+(?:\/\d+)?$/.test(text) ? parseNumber(text) : null;
}
