/** No answer worth reading stands in a longer text, and no check may take long: longer texts are read from their end. */
export const READ_CHARACTERS_MAX = 200_000;

/** The digit 0 of scripts whose digits NFKC leaves alone: Arabic-Indic, Persian, Devanagari, Bengali, Tamil, Thai, Khmer. */
const zeros = [0x660, 0x6f0, 0x966, 0x9e6, 0xbe6, 0xe50, 0x17e0];
const foreignDigit = new RegExp(
  `[${zeros.map((zero) => `\\u{${zero.toString(16)}}-\\u{${(zero + 9).toString(16)}}`).join('')}]`,
  'gu',
);
const digitOf = (character: string) => {
  const code = character.codePointAt(0) ?? 0;
  return String(code - (zeros.find((zero) => code >= zero && code < zero + 10) ?? code));
};

/** One form of every character that has several, single spaces, no more than can be read quickly. */
export function tidy(text: string): string {
  return (
    text
      .slice(-READ_CHARACTERS_MAX)
      // NFKC would make 31/2 of 3½ and 52 of 5².
      .replace(/(\d)(?=[\u00bc-\u00be\u2150-\u215e])/g, '$1 ')
      .replace(/[\u207a\u207b]?[\u00b2\u00b3\u00b9\u2070\u2074-\u2079]+/g, '^$&')
      .normalize('NFKC')
      .replace(foreignDigit, digitOf)
      .replace(/(?<=\d)\u066b(?=\d)/g, '.')
      .replace(/(?<=\d)\u066c(?=\d)/g, ',')
      .replaceAll('\u2044', '/')
      .replace(/[\u2010-\u2015\u2212]/g, '-')
      .replace(/[\u2018\u2019\u02bc]/g, "'")
      .replace(/[\u201c\u201d\u201e]/g, '"')
      .replace(/[\u200b-\u200f\u202a-\u202e\u2060\ufeff]/g, '')
      .replace(/\r\n?/g, '\n')
      .replace(/[^\S\n]+/g, ' ')
      .replace(/ ?\n ?/g, '\n')
      .trim()
  );
}

/** A short text without the commands and signs that only shape it: LaTeX spacing, fonts and fractions of numbers, Markdown. */
export function withoutMarkup(text: string): string {
  let result = text;
  for (const [found, written] of markup) {
    result = result.replace(found, written);
  }
  return result.replace(/ +/g, ' ').trim();
}

const font = /\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathit|mathsf|mbox|boldsymbol|operatorname) ?\{([^{}]*)\}/g;

const markup: readonly (readonly [RegExp, string])[] = [
  [/<sup>([^<>]{0,10})<\/sup>/gi, '^$1'],
  [/<\/?(?:b|i|u|p|em|strong|span|code|mark|br ?\/?)>/gi, ''],
  [/&nbsp;/gi, ' '],
  [/\\(?:left|right|big|Big|displaystyle|limits)(?![a-zA-Z])/g, ''],
  [/\{,\}/g, ','],
  [/\\!/g, ''],
  [/\\[,;: ]|\\q?quad(?![a-zA-Z])/g, ' '],
  [/\\[()[\]]/g, ' '],
  [font, '$1'],
  [font, '$1'],
  [/\\(?:dfrac|tfrac|cfrac)(?![a-zA-Z])/g, '\\frac'],
  [/(?<=\d) ?\\frac(?= ?[\d{])/g, ' \\frac'],
  [/\\frac ?\{ ?(-?\d+(?:\.\d+)?) ?\} ?\{ ?(\d+(?:\.\d+)?) ?\}/g, '$1/$2'],
  [/\\frac ?(\d) ?(\d)(?!\d)/g, '$1/$2'],
  [/\\(?:times|cdot|ast)(?![a-zA-Z])/g, '*'],
  [/\\div(?![a-zA-Z])/g, '/'],
  [/\\(?:approx|sim|simeq)(?![a-zA-Z])/g, '≈'],
  [/\\(?:leqslant|leq|le)(?![a-zA-Z])/g, '≤'],
  [/\\(?:geqslant|geq|ge)(?![a-zA-Z])/g, '≥'],
  [/\\(?:neq|ne)(?![a-zA-Z])/g, '≠'],
  [/\\lt(?![a-zA-Z])/g, '<'],
  [/\\gt(?![a-zA-Z])/g, '>'],
  [/\\pm(?![a-zA-Z])/g, '±'],
  [/\\(?:degree|circ)(?![a-zA-Z])|\^ ?\{? ?(?:\\circ|°) ?\}?/g, '°'],
  [/\\([$%#&_])/g, '$1'],
  // Two asterisks before a number are a power where something stands before them, emphasis elsewhere.
  [/(?<=^|[^\w)\]}*])\*\*(?=\S)([^*\n]{1,200}?)(?<=\S)\*\*(?![\w(])/gu, '$1'],
  [/\*\*\*?(?=[^\d\s(])|(?<=[^\d\s)])\*\*\*?|^\*{1,3}|\*{1,3}$/g, ''],
  [/\*\*(?=[^*]*\*\*)|(?<=\S)\*\*(?!\d)/g, ''],
  [/`+|__+/g, ''],
];
