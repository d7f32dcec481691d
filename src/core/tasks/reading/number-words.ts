/**
 * A text that begins with a number in English words, with digits in their place: "twelve apples" is `12 apples`, "three
 * quarters" `3/4`. Scale words from a thousand on stay, and so does any text that holds digits.
 * @param extent `alone`: only where the words are all there is
 */
export function inDigits(text: string, extent: 'leading' | 'alone' = 'leading'): string {
  if (/\d/.test(text)) {
    return text;
  }
  const [, before = '', rest = ''] = opening.exec(text) ?? [];
  const words = leadingWords(rest);
  const value = wordsValue(words.map(({ word }) => word));
  const end = words.at(-1)?.end ?? 0;
  const behind = rest.slice(end);
  const part = new RegExp(`^[ -](${Object.keys(parts).join('|')})s?(?!\\w)`, 'i').exec(behind);
  const divisor = part === null ? undefined : parts[(part[1] ?? '').toLowerCase()];
  const left = behind.slice(part?.[0].length ?? 0).replace(/^(?:[ -](?:thousand|million|billion|trillion))+/i, '');
  if (
    value === null ||
    (extent === 'alone' && !/^[.!\s]*$/.test(left)) ||
    isNoCount(words, behind) ||
    anotherNumber.test(left)
  ) {
    return text;
  }
  return part === null || divisor === undefined
    ? `${before}${value}${behind}`
    : `${before}${value}/${divisor}${behind.slice(part[0].length)}`;
}

const opening = /^((?:(?:about|approximately|exactly|only|just|a total of|minus|negative) )*)(.*)$/is;

/** "One of them", "one must add": no count is said. */
const isNoCount = (words: readonly { readonly word: string }[], behind: string) =>
  words.length === 1 &&
  words[0]?.word === 'one' &&
  !new RegExp(`^(?:[.!\\s]*$|[ -](?:${Object.keys(parts).join('|')}|million|billion|thousand)\\b)`, 'i').test(behind);

const units = [
  ...['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'],
  ...['thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen'],
];
const tens = ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];
const parts: Readonly<Record<string, number>> = {
  ...{ half: 2, halve: 2, third: 3, quarter: 4, fourth: 4, fifth: 5, sixth: 6, eighth: 8, tenth: 10 },
};
const known = new Set([...units, ...tens, 'hundred']);

/** "Nine out of ten", "one or two": of several numbers in words none is the answer for certain. */
const anotherNumber = new RegExp(`\\b(?:${[...known].join('|')})\\b`, 'i');

function leadingWords(text: string): { readonly word: string; readonly end: number }[] {
  const words: { word: string; end: number }[] = [];
  for (const match of text.matchAll(/(?:^|[ -](?:and )?)([a-z]+)(?![\p{L}'])/giuy)) {
    const word = (match[1] ?? '').toLowerCase();
    if (!known.has(word)) {
      break;
    }
    words.push({ word, end: match.index + match[0].length });
  }
  return words;
}

/** "Two hundred five": the value of words in the order in which numbers have them; `null` for any other order. */
function wordsValue(words: readonly string[]): number | null {
  const hundreds = words.indexOf('hundred');
  const factor = hundreds < 0 ? 0 : belowHundred(words.slice(0, hundreds));
  const rest = words.slice(hundreds + 1);
  const last = rest.length === 0 && hundreds >= 0 ? 0 : belowHundred(rest);
  return factor === null || last === null ? null : 100 * factor + last;
}

function belowHundred(words: readonly string[]): number | null {
  const [first = '', second, ...others] = words;
  const ten = tens.indexOf(first);
  const unit = units.indexOf(ten < 0 ? first : (second ?? 'zero'));
  const isInOrder = others.length === 0 && (ten < 0 ? second === undefined : second === undefined || unit < 10);
  return unit < 0 || !isInOrder ? null : (ten < 0 ? 0 : 10 * (ten + 2)) + unit;
}
