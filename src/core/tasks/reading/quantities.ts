import { isDeniedBehind, isNegated } from './negation';
import { add, divide, multiply, negate, type Rational, rational } from './rational';

/** One number of a text, with all that belongs to it: sign, fraction, power of ten, scale word, percent. */
export interface Quantity {
  readonly start: number;
  readonly end: number;
  /** `null`: it looks like a number and is none that can be read for certain. */
  readonly value: Rational | null;
  readonly isPercent: boolean;
  /** "not 5". */
  readonly isNegated: boolean;
  /** Why there is no value, for people. */
  readonly doubt: string | null;
}

/** A number longer than this is no answer, and its arithmetic would take long. */
const DIGITS_MAX = 200;
const EXPONENT_MAX = 100;
/** A text with more numbers than this is a table. */
const QUANTITIES_MAX = 200;

/** The numbers of a line, in order. Numbers that only name something ("step 2") are left out. */
export function quantitiesIn(text: string): Quantity[] {
  const spans = doubtfulSpans(text);
  const quantities: Quantity[] = [];
  const literal = new RegExp(digits, 'gu');
  for (
    let match = literal.exec(text);
    match !== null && quantities.length < QUANTITIES_MAX;
    match = literal.exec(text)
  ) {
    const span = spans.find(
      ({ start, end }) => match !== null && match.index < end && match.index + match[0].length > start,
    );
    const quantity = span ?? quantityAt(text, match.index, match[0]);
    if (quantity !== null && quantity.start !== quantities.at(-1)?.start) {
      quantities.push(quantity);
    }
    literal.lastIndex = Math.max(literal.lastIndex, span?.end ?? quantity?.end ?? 0);
  }
  return quantities;
}

const digits = /(?:\d(?:[\d.,'_]|(?: (?=\d{3}(?!\d))))*|\.\d+)/u;

const months =
  '(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\\.?';
const nth = '(?:st|nd|rd|th)?';

const large =
  '(?:hours?|hrs?|h|days?|weeks?|months?|years?|minutes?|mins?|feet|foot|ft|pounds?|lbs?|dollars?|meters?|m|kilometers?|km|kilograms?|kg|gallons?)';
const small =
  '(?:minutes?|mins?|seconds?|secs?|hours?|days?|weeks?|months?|inches|inch|in|ounces?|oz|cents?|centimeters?|cm|grams?|g|meters?|m|quarts?)';

const spanForms: readonly (readonly [string, RegExp])[] = [
  ['a date', new RegExp(`\\b\\d{1,2}${nth} (?:of )?${months}(?:,? \\d{4})?\\b`, 'g')],
  ['a date', new RegExp(`\\b${months} \\d{1,4}${nth}(?:,? \\d{4})?(?![\\d.]\\d)`, 'g')],
  ['a date', /(?<![\d./-])\d{1,4}([-/.])\d{1,2}\1\d{1,4}(?![\d/-]|\.\d)/g],
  ['a time', /(?<![\d:])\d{1,2}(?::\d{2}){1,2}(?: ?[ap]\.? ?m\b\.?)?/gi],
  ['a time', /(?<![\d.])\d{1,2} ?[ap]\.? ?m\b\.?/gi],
  ['a ratio', /\d[\d,.]*(?::| : )\d[\d,.]*/g],
  ['a ratio', /(?<![\d.,])\d[\d,.]* (?:out of (?:the )?|of )\d[\d,.]*/g],
  ['a share', /(?<![\d.,])\d[\d,.]*(?: ?%| percent) of (?:the )?\p{Sc}?\d[\d,.]*/gu],
  ['a range', /(?:between|from) [^\d\n]{0,3}\d[\d,.]*[^\d\n]{0,20}? (?:and|to) [^\d\n]{0,3}\d[\d,.]*/gi],
  ['a range', /(?<![\d.])\d[\d,.]*[%€°]? ?(?:to|through|until|-to-|~|\.{2,3}|…) ?[$€£+-]?\d[\d,.]*/gi],
  ['made of two units', new RegExp(`\\d[\\d.,]* ?${large}(?:,? and|,)? \\d[\\d.,]* ?${small}\\b`, 'gi')],
  ['an interval', /[[(] ?-?\d[\d.]* ?, ?-?\d[\d.]* ?[\])]/g],
  ['a set of numbers', /\{ ?-?\d[\d.]* ?(?:, ?-?\d[\d.]* ?)+\}/g],
];

/** Dates, times, ranges and the like: their numbers are no answers. */
function doubtfulSpans(text: string): Quantity[] {
  return spanForms.flatMap(([kind, form]) =>
    [...text.matchAll(form)].map((match) => ({
      start: match.index,
      end: match.index + match[0].length,
      value: null,
      isPercent: false,
      isNegated: isNegated(text.slice(Math.max(0, match.index - 80), match.index)),
      doubt: `${JSON.stringify(match[0].slice(0, 40))} is ${kind}`,
    })),
  );
}

function quantityAt(text: string, start: number, run: string): Quantity | null {
  const literal = run.replace(/[.,'_]+$/, '');
  const before = text.slice(Math.max(0, start - 80), start);
  if (isName(before)) {
    return null;
  }
  const lead = leadOf(before);
  let end = start + literal.length;
  const read = literalValue(literal);
  const tail = read === null ? null : readTail(text.slice(end, end + 80), read, literal);
  end += tail?.length ?? 0;
  end += wholeBehind.exec(text.slice(end, end + 80))?.[0].length ?? 0;
  const doubt =
    read === null
      ? 'is no number that can be read for certain'
      : (lead.doubt ?? tail?.doubt ?? hazardBehind(text.slice(end, end + 40)));
  const magnitude = tail?.value ?? null;
  return {
    start: start - lead.length,
    end,
    value: doubt !== null || magnitude === null ? null : lead.isNegative ? negate(magnitude) : magnitude,
    isPercent: /^ ?(?:%|percent\b|per cent\b)/.test(text.slice(end, end + 12)),
    isNegated: isNegated(before.slice(0, before.length - lead.length)),
    doubt:
      doubt === null
        ? null
        : `${JSON.stringify(text.slice(Math.max(0, start - lead.length), end + 12).trim())} ${doubt}`,
  };
}

const scripts = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Script=Thai}';
const nameBefore = new RegExp(`(?:(?![${scripts}])[\\p{L}_])[-.]?$`, 'u');
const currencyCode = /(?:\b(?:USD|EUR|GBP|JPY|CNY|INR|AUD|CAD|CHF|RMB|Rs)\.?|[$€£¥₹])$/;
const numbered =
  /\b(?:steps?|sections?|chapter|page|version|figure|table|equation|eq\.|problem|question|part|case|line|row|example|room|item|method|approach|exercise) ?[#(]?$/i;

/** "6 of the 10 apples": the number is 6. */
const wholeBehind = /^ of the \d[\d,.]*(?![\d%/])/;

/** Whether a number here is part of a name: `x1`, `v2.3`, `B-12`, "step 2". */
const isName = (before: string) =>
  (nameBefore.test(before) && !currencyCode.test(before)) ||
  numbered.test(before) ||
  /\p{L}\^[({]?$/u.test(before) ||
  /(?<![#\s])#$/.test(before);

interface Lead {
  readonly length: number;
  readonly isNegative: boolean;
  readonly doubt: string | null;
}

/** Sign and currency before a number, and what before it makes it something else. */
function leadOf(before: string): Lead {
  const lead =
    /(?:(?:\b(?:negative|minus) |[-+±(] ?|\p{Sc} ?|\b(?:USD|EUR|GBP|US|Rs\.?) ?)*)$/u.exec(before)?.[0] ?? '';
  const ahead = before.slice(0, before.length - lead.length);
  const signs = lead.match(/-|\b(?:negative|minus)\b/g)?.length ?? 0;
  const doubt = lead.includes('±')
    ? 'may have either sign'
    : signs > 1
      ? 'has two signs'
      : isOperand(ahead, lead)
        ? 'is part of a calculation'
        : (hazardsBefore.find(([, form]) => form.test(ahead))?.[0] ?? null);
  return { length: lead.length, isNegative: signs === 1, doubt };
}

const isOperand = (ahead: string, lead: string) =>
  (/[\d)%] ?$/.test(ahead) && /^ ?[-+]/.test(lead)) ||
  (/[\d)]$/.test(ahead) && lead.startsWith('(')) ||
  /[*×·÷/^] ?$/.test(ahead) ||
  /[\d)] ?x ?$/i.test(ahead) ||
  /\d[^.;]{0,20} (?:times|plus|divided by|multiplied by|minus|over|mod|modulo) $/i.test(ahead);

const hazardsBefore: readonly (readonly [string, RegExp])[] = [
  ['is a bound', /(?:<|(?<![-=])>|[<>]=|[≤≥]|\\(?:leq?|geq?|lt|gt)) ?$/],
  [
    'is a bound',
    /\b(?:more|less|fewer|greater|higher|lower|larger|smaller|bigger|better|worse|older|younger|longer|shorter) than (?:or equal to )?(?:about )?$/i,
  ],
  [
    'is a bound',
    /\b(?:at least|at most|over|under|above|below|up to|exceed(?:s|ed|ing)?|within|beyond|upwards of|no less than|no more than|a (?:minimum|maximum) of|just (?:under|over|above|below)|past) (?:about )?$/i,
  ],
  ['is only nearly meant', /\b(?:almost|nearly|close to|not quite) $/i],
  ['is one of several', /\d[^.;!?\n]{0,30} or (?:about |even |maybe |perhaps )?$/i],
  ['is not what is meant', /(?:≠|!=) ?$/],
  [
    'stands under a root or a function',
    /(?:√|\\sqrt(?:\[\d+\])? ?\{?|\b(?:log|ln|sin|cos|tan|sqrt|exp)(?:_\d+)? ?[({]?|\b(?:root|logarithm|half|third|quarter|double|triple|square|cube|factorial|reciprocal|inverse|sum|difference|product|multiple) of |\b(?:twice|double|triple|thrice) )$/i,
  ],
  ['stands in absolute bars or in a factor', /(?:\||\\frac ?\{?|π|\\pi) ?$/],
];

/** A literal by its separators: 1,234.5; 1,00,000; 1 234 567; 1'234'567; 1.234.567. `null` where they are of no such form. */
function literalValue(literal: string): Rational | null {
  if (literal.length > DIGITS_MAX) {
    return null;
  }
  const isGrouped = groupings.some((form) => form.test(literal));
  const plain = isGrouped
    ? literal.replace(/(?:\.\d{3}){2,}$/, (groups) => groups.replaceAll('.', '')).replace(/[, '_]/g, '')
    : literal;
  return /^(?:\d+|\d*\.\d+)$/.test(plain) ? decimal(plain) : null;
}

const groupings = [
  /^\d{1,3}(?:,\d{3})+(?:\.\d+)?$/,
  /^\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?$/,
  /^\d{1,3}(?: \d{3})+(?:\.\d+)?$/,
  /^\d{1,3}(?:'\d{3})+(?:\.\d+)?$/,
  /^\d{1,3}(?:_\d{3})+(?:\.\d+)?$/,
  /^\d{1,3}(?:\.\d{3}){2,}$/,
];

function decimal(text: string): Rational {
  const [units = '', decimals = ''] = text.split('.');
  return rational(BigInt(units + decimals), 10n ** BigInt(decimals.length));
}

interface Tail {
  readonly length: number;
  readonly value: Rational | null;
  readonly doubt: string | null;
}

/** What continues a number: fraction, power, power of ten, scale word. */
function readTail(behind: string, first: Rational, literal: string): Tail {
  let value: Rational | null = first;
  let length = 0;
  const rest = () => behind.slice(length);
  const take = (form: RegExp) => {
    const match = form.exec(rest());
    length += match?.[0].length ?? 0;
    return match;
  };
  const isWhole = /^\d+$/.test(literal);
  const mixed = isWhole ? /^(?: and | ?- ?| )(\d{1,4}) ?\/ ?(\d{1,4})(?![\d/.]|,\d)/.exec(rest()) : null;
  const half = isWhole ? take(/^ and (?:(a|one|three) )(half|third|quarter)(?:s)?\b/i) : null;
  const exponent = take(/^ ?e([-+]?\d{1,3})(?![\w.])/i);
  if (mixed !== null && Number(mixed[1]) < Number(mixed[2])) {
    length += mixed[0].length;
    value = add(first, rational(BigInt(mixed[1] ?? 0), BigInt(mixed[2] ?? 1)));
  } else if (half !== null) {
    value = add(
      first,
      rational(half[1]?.toLowerCase() === 'three' ? 3n : 1n, parts[(half[2] ?? '').toLowerCase()] ?? 1n),
    );
  } else if (exponent !== null) {
    value = scaled(first, Number(exponent[1]));
  } else {
    const power = take(/^ ?(?:\^|\*\*) ?[({]?([-+]?\d{1,4})[)}]?/);
    if (power !== null) {
      value = raised(first, Number(power[1]));
    }
    const over = take(/^ ?\/ ?(\d[\d,]*(?:\.\d+)?)/);
    const divisor = over === null ? null : literalValue((over[1] ?? '').replace(/,+$/, ''));
    if (over !== null) {
      value = value === null || divisor === null ? null : divide(value, divisor);
    }
  }
  const ten = take(/^ ?(?:\*|×|x|·|times) ?10 ?(?:\^|\*\*) ?[({]?([-+]?\d{1,3})[)}]?/i);
  if (ten !== null && value !== null) {
    value = scaled(value, Number(ten[1]));
  }
  for (let scale = take(scaleWord); scale !== null; scale = take(scaleWord)) {
    if (/^[mb]$/.test(scale[0])) {
      // Meters or minutes; bits or bytes.
      length -= 1;
      break;
    }
    const name = scale.slice(1).find((group) => group !== undefined) ?? '';
    const factor = scales[name] ?? scales[name.toLowerCase()];
    value = value === null || factor === undefined ? null : multiply(value, rational(factor));
  }
  return { length, value, doubt: value === null ? 'is no number that can be worked out' : null };
}

const parts: Readonly<Record<string, bigint>> = { half: 2n, third: 3n, quarter: 4n };

const scales: Readonly<Record<string, bigint>> = {
  ...{ hundred: 100n, thousand: 1000n, million: 10n ** 6n, billion: 10n ** 9n, trillion: 10n ** 12n, dozen: 12n },
  ...{ mn: 10n ** 6n, bn: 10n ** 9n, lakh: 10n ** 5n, lakhs: 10n ** 5n, crore: 10n ** 7n, crores: 10n ** 7n },
  ...{
    k: 1000n,
    K: 1000n,
    M: 10n ** 6n,
    B: 10n ** 9n,
    百: 100n,
    千: 1000n,
    万: 10n ** 4n,
    萬: 10n ** 4n,
    亿: 10n ** 8n,
    億: 10n ** 8n,
  },
};
const scaleWord =
  /^(?: ?(hundred|thousand|million|billion|trillion|dozen|mn|bn|lakhs?|crores?)s?\b|([kKMB])(?![\p{L}\d])| (k)(?![\p{L}\d])| ?([百千万萬亿億]))/iu;

function raised(base: Rational, exponent: number): Rational | null {
  const size = Math.max(String(base.numerator).length, String(base.denominator).length) * Math.abs(exponent);
  if (size > DIGITS_MAX || (base.numerator === 0n && exponent < 0)) {
    return null;
  }
  const power = BigInt(Math.abs(exponent));
  return exponent < 0
    ? rational(base.denominator ** power, base.numerator ** power)
    : rational(base.numerator ** power, base.denominator ** power);
}

function scaled(value: Rational, exponent: number): Rational | null {
  const power = Math.abs(exponent) > EXPONENT_MAX ? null : raised(rational(10n), exponent);
  return power === null ? null : multiply(value, power);
}

const hazardBehind = (behind: string) =>
  isDeniedBehind(behind) ? 'is denied' : (hazardsBehind.find(([, form]) => form.test(behind))?.[0] ?? null);

const units =
  '(?:m|g|s|h|l|L|t|W|V|A|N|J|C|F|d|ft|in|kg|mg|cm|mm|km|nm|lbs?|oz|hrs?|min|sec|ms|mph|kph|mL|ml|km/h|m/s|kW|kWh|Hz|GB|MB|KB|TB|yd|mi|pt|qt|gal|st|nd|rd|th|cents?|USD|EUR|years?|hours?|days?)';

const hazardsBehind: readonly (readonly [string, RegExp])[] = [
  ['is a factorial', /^!(?!=)/],
  ['is asked, not said', /^\??[)"']*\?/],
  [
    'is a lower bound',
    /^(?:\+(?! ?\d)| (?:or|and) (?:more|less|fewer|higher|lower|above|below|over|under|greater|up|so|later|older)\b)/i,
  ],
  ['is a bound', /^[^\d.;!?\n]{0,20}? (?:at (?:the )?(?:least|most)|minimum|maximum)\b/i],
  ['is compared with another', /^ ?(?:[<>]=?|[≤≥≠]) ?(?=[\p{L}\d(+-])/u],
  ['is denied', /^[^\d.;,!?\n]{0,30}? ?(?:is|was|are|were) (?:not|wrong|incorrect|false)\b/i],
  ['is only supposed', /^[^\d.;!?\n]{0,20}? if\b/i],
  ['is one of several', /^[^\d.;!?\n]{0,30}?\bor\b/i],
  ['is a range', /^ ?(?:-|±|\\pm|\+\/-) ?[$€£]?\d/],
  ['is part of a calculation', /^(?: ?[%°])? ?(?:\*|×|·|÷|\/|\^|√|\\sqrt|\\frac|\\log)/],
  ['is part of a calculation', /^ ?[-+] ?(?:\d|[a-z]\b|[(√\\])/i],
  [
    'is part of a calculation',
    /^ (?:plus|minus|times|multiplied by|divided by|over|mod(?:ulo)?|choose) [\d$(a-z]{0,3}\d/i,
  ],
  ['is a factor', /^ ?(?:π|\\pi|pi\b|√|ⅰ|∞)/i],
  ['is a factor', new RegExp(`^(?!${units}(?![\\p{L}\\d]))(?:[A-Za-z]{1,2}|[xX]\\w*)(?![\\p{L}])`, 'u')],
  ['is a factor', /^ [xX](?![\p{L}])/u],
  ['is a factor', /^(?: |-)?(?:times as|fold\b|times (?:more|less|the|that|what|larger|bigger|greater))/i],
  ['is a factor', /^ ?\(/],
  ['is raised to a power', /^ (?:squared|cubed|factorial)\b/i],
  [
    'is a fraction in words',
    /^ (?:and (?:a|one|two|three)\b|(?:half|halves|thirds?|fourths?|quarters?|fifths?|sixths?|sevenths?|eighths?|ninths?|tenths?|hundredths?|thousandths?)\b)/i,
  ],
  ['counts by a scale', /^ ?(?:score|gross|mil\b|million|percentage points?|basis points?)\b/i],
  ['is below zero', /^[^.;\n]{0,12} below (?:zero|0)/i],
  ['is compared with another', /^ ?(?:more|less|fewer|greater|[a-z]+er) than\b/i],
  ['is a share of another', /^ ?%? of (?:the )?\p{Sc}?\d/u],
  ['is a time', /^ ?(?:am|pm|a\.m\.|p\.m\.)(?![a-z])/i],
  ['is a date', /^[-/]\d/],
];
