import { tidy } from '../reading/plain-text';

/** Stands for the `\\\\` between the rows of a matrix, which spacing commands must not be read into. */
export const ROW_END = '\u0002';

/** Longer answers are compared as they are. */
const NORMALISED_CHARACTERS_MAX = 2000;

/**
 * One spelling of what LaTeX spells in several ways: after the comparison that the MATH data set was published with
 * (arXiv 2103.03874), with braces, sizes, fonts and degrees removed. A space stays only between two digits, where it says
 * that they are two numbers or a mixed one, and between letters.
 */
export function normaliseLatex(text: string): string {
  const tidied = tidy(text);
  if (tidied.length > NORMALISED_CHARACTERS_MAX) {
    return tidied;
  }
  let result = tidied
    .replaceAll('\n', ' ')
    .replace(/^\$+|\$+$/g, '')
    .trim();
  for (const [found, written] of spellings) {
    result = result.replace(found, written);
  }
  return result
    .replace(/\.$/, '')
    .replace(/(?<=\d) (?=\d)|(?<=[a-z]{2}) (?=[a-z0-9])|(?<=\d) (?=[a-z]{2})/gi, '\u0001')
    .replaceAll(' ', '')
    .replaceAll('\u0001', ' ');
}

const font = /\\(?:text|mbox|mathrm|textrm|textbf|mathbf|textit|mathit|textnormal|operatorname) ?\{([^{}]*)\}/g;

const spellings: readonly (readonly [RegExp, string])[] = [
  [/\\\\(?:\[[^\]]*\])?/g, ROW_END],
  [/\\(?:text|mbox|textrm|mathrm) ?\{ ?,? ?(?:and|or),? ?\}/g, ','],
  [/(?<=[\d)}] ?)(?<= )(?:or|and) (?=[-\dx(\\])/g, ','],
  [/\+\\infty/g, '\\infty'],
  [/\\(?:left|right|big|Big|bigg|Bigg|displaystyle)(?![a-zA-Z])/g, ''],
  [/\{,\}/g, ','],
  [/,\\!/g, ','],
  [/\\!/g, ''],
  [/\\[,;:> ]|~|\\q?quad(?![a-zA-Z])/g, ' '],
  [/\\[()]/g, ''],
  [/\\(?:dfrac|tfrac|cfrac)/g, '\\frac'],
  [/\^ ?\{? ?(?:\\circ|°) ?\}?|°|\\degree(?![a-zA-Z])/g, ''],
  [/\\\$|\$/g, ''],
  // Of one letter, `m` is a unit only where it is set as text.
  [/(?<=[\d}) ]) ?\\(?:text|mbox|mathrm|textrm) ?\{ ?([a-zA-Z]) ?\}/g, 'unit$1'],
  [font, '$1'],
  [font, '$1'],
  [/(?<=\d) ?\\frac(?= ?[\d{])/g, ' \\frac'],
  [/\\frac ?(\d) ?(\d)(?!\d)/g, '\\frac{$1}{$2}'],
  [/\\frac ?\{([^{}]*)\} ?(\d)(?!\d)/g, '\\frac{$1}{$2}'],
  [/\\frac ?(\d) ?\{/g, '\\frac{$1}{'],
  [/\\frac ?\{([^{}]*)\} ?\{([^{}]*)\}/g, '\\frac{$1}{$2}'],
  [/\\sqrt ?(\d)(?!\d)/g, '\\sqrt{$1}'],
  [/^(-?\d+) ?\/ ?(\d+)$/g, '\\frac{$1}{$2}'],
  [/(?<=\d {0,3})([ap])\.? ?m\.?(?![a-z])/gi, '$1m'],
  [/([_^]) ?\{ ?(\w) ?\}/g, '$1$2'],
  [/\\frac\{-(\d+)\}/g, '-\\frac{$1}'],
  [/(?<!\d)\.(\d)/g, '0.$1'],
  [/\\(?:leqslant|leq|le)(?![a-zA-Z])|≤|<=/g, '\\le '],
  [/\\(?:geqslant|geq|ge)(?![a-zA-Z])|≥|>=/g, '\\ge '],
  [/\\lt(?![a-zA-Z])/g, '<'],
  [/\\gt(?![a-zA-Z])/g, '>'],
  [/\\neq?(?![a-zA-Z])|≠/g, '\\ne '],
  [/\\(?:cdot|times|ast)(?![a-zA-Z])|[×·]/g, '*'],
  [/\\(?:varnothing|emptyset)(?![a-zA-Z])|∅/g, '\\emptyset'],
  [/∞/g, '\\infty'],
  [/π/g, '\\pi '],
  [/√ ?(\d+)/g, '\\sqrt{$1}'],
  [/\\mid(?![a-zA-Z])/g, '|'],
  [/\\(?:lbrace)(?![a-zA-Z])/g, '\\{'],
  [/\\(?:rbrace)(?![a-zA-Z])/g, '\\}'],
  [/\\%/g, '%'],
  [/\\begin\{(?:pmatrix|bmatrix|matrix|array)\}(?:\{[lcr|]*\})?/g, '\\matrix{'],
  [/\\end\{(?:pmatrix|bmatrix|matrix|array)\}/g, '}'],
];
