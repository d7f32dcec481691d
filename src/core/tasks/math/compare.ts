import { workArithmetic } from '../reading/arithmetic';
import { parseNumber } from '../reading/numbers';
import { equal, multiply, type Rational, rational } from '../reading/rational';
import { normaliseLatex, ROW_END } from './latex';

/** `unsettled`: two formulas that may be the same in another form; a computer algebra system can tell. */
export type MathComparison = 'same' | 'different' | 'unsettled';

const DEPTH_MAX = 4;

/**
 * Whether two mathematical answers are the same. Numbers are compared by their exact value, intervals, tuples, sets, lists
 * and matrices by their parts, words by their letters; what is left are formulas.
 */
export const compareMath = (reference: string, answer: string): MathComparison =>
  measuresOtherwise(reference, answer) || measuresOtherwise(answer, reference)
    ? 'different'
    : compare(normaliseLatex(reference), normaliseLatex(answer), 0);

/** One is in percent, the other in degrees, which are left out where both or one of them has none. */
const measuresOtherwise = (one: string, other: string) =>
  /\\%|%|\bper ?cent\b/.test(one) && /\\circ|°|\\degree|\bdegrees?\b/.test(other);

function compare(reference: string, answer: string, depth: number): MathComparison {
  if (reference === answer) {
    return answer === '' ? 'different' : 'same';
  }
  if (reference === '' || answer === '' || depth > DEPTH_MAX) {
    return 'different';
  }
  const [right, said] = withoutName(withoutUnit(reference), withoutUnit(answer));
  if (right.text === said.text && unitsAgree(right.unit, said.unit)) {
    return 'same';
  }
  if (!unitsAgree(right.unit, said.unit)) {
    return 'different';
  }
  const values = [numberOf(right.text), numberOf(said.text)] as const;
  if (values[0] !== null && values[1] !== null) {
    return sameValue({ value: values[0], unit: right.unit }, { value: values[1], unit: said.unit })
      ? 'same'
      : 'different';
  }
  return compareForms(right.text, said.text, depth);
}

function compareForms(right: string, said: string, depth: number): MathComparison {
  const letters = [optionOf(right), optionOf(said)];
  if (letters[0] != null && letters[1] != null) {
    return letters[0] === letters[1] ? 'same' : 'different';
  }
  const [rangeRight, rangeSaid] = [rangeOf(right), rangeOf(said)];
  if (rangeRight !== null && rangeSaid !== null && (rangeRight.name !== null || rangeSaid.name !== null)) {
    return compareRanges(rangeRight, rangeSaid, depth);
  }
  const [one, other] = [partsOf(right), partsOf(said)];
  if (one !== null || other !== null) {
    return compareParts(one, other, right, said, depth);
  }
  return isFormula(right) && isFormula(said) && !differInCase(right, said)
    ? 'unsettled'
    : sameWords(right, said)
      ? 'same'
      : 'different';
}

interface Measured {
  readonly text: string;
  readonly unit: string;
}

// Each further word begins with its separator, so that a long run of letters is read in one way only.
const UNIT = /^(.*(?:\d|[)}]|\\pi)) ?((?:%[a-z]*|[a-z]{2,})(?:(?:\.[ /]?|[ /])[a-z]+)*\.?(?:\^\{?[23]\}?)?)$/i;

/** A unit behind a value: `5cm`, `6 red`, `5%`. A single letter is a variable. */
function withoutUnit(text: string): Measured {
  const match =
    /\\(?!pi)[a-z]+[^{}]*$/i.test(text.slice(-12)) && !/[)}\d] ?[a-z]{2,}$/i.test(text) ? null : UNIT.exec(text);
  const [value = '', unit = ''] = match?.slice(1) ?? [];
  const isUnit =
    match !== null && !/^(?:or|and|to|in)\b/i.test(unit) && !/\\[a-z]*$/i.test(value) && !/[a-z]\(?\)?$/i.test(value);
  return isUnit ? { text: value.trim(), unit: unitName(unit) } : { text, unit: '' };
}

const unitNames: Readonly<Record<string, string>> = {
  ...{
    cm: 'centimeter',
    mm: 'millimeter',
    km: 'kilometer',
    meters: 'meter',
    metre: 'meter',
    kg: 'kilogram',
    in: 'inch',
    inches: 'inch',
  },
  ...{
    ft: 'foot',
    feet: 'foot',
    mi: 'mile',
    hr: 'hour',
    hrs: 'hour',
    min: 'minute',
    mins: 'minute',
    sec: 'second',
    secs: 'second',
  },
  ...{ lb: 'pound', lbs: 'pound', mph: 'miles per hour', percent: '%' },
  ...{ unitm: 'meter', unitg: 'gram', units: 'second', unith: 'hour', unitl: 'liter' },
};

function unitName(unit: string): string {
  const plain = unit.toLowerCase().replace(/[.\s]|\^\{?([23])\}?/g, '$1');
  const named = unitNames[plain] ?? plain;
  return named.length > 3 ? named.replace(/s$/, '') : named;
}

/** A reference and an answer may leave the unit out; two units are the same or the answers are not. */
const unitsAgree = (right: string, said: string) =>
  right === said || right === '' || said === ''
    ? !/^[ap]m$/.test(right || said) || right === said
    : isOrdinal(right) && isOrdinal(said);

const isOrdinal = (unit: string) => /^(?:st|nd|rd|th)$/.test(unit);

/** `x=5` is 5 where the other names nothing; two different names are different answers. */
function withoutName(right: Measured, said: Measured): readonly [Measured, Measured] {
  const form = /^(?:[a-zA-Z]{1,12}|\|[A-Z]{2}\||[a-zA-Z]\([a-z]\)|[a-zA-Z]_\{?\w\}?)=([^=]+)$/;
  const [one, other] = [form.exec(right.text)?.[1], form.exec(said.text)?.[1]];
  const isNamedOnce =
    (one === undefined) !== (other === undefined) && !/=/.test(one === undefined ? right.text : said.text);
  if (isNamedOnce && !topLevel(one ?? other ?? '').includes(',')) {
    return [
      { ...right, text: one ?? right.text },
      { ...said, text: other ?? said.text },
    ];
  }
  return [right, said];
}

/** `-\frac{3}{4}`, `1 \frac{1}{2}`, `1,234`, `1.2*10^3`, `3:2`, as an exact value. */
function numberOf(text: string): Rational | null {
  const bare = /^\(([^(),]*)\)$/.exec(text)?.[1] ?? text;
  const ratio = /^(\d+):(\d+)$/.exec(bare);
  const plain = ratio === null ? bare : `${ratio[1]}/${ratio[2]}`;
  if (!/^[-+\d.,/ *^{}e]|^\\frac/.test(plain) || /[[(]|\\(?!frac)|(?<![a-z])[a-z]$/i.test(plain)) {
    return null;
  }
  return parseNumber(plain) ?? workArithmetic(plain)?.value ?? null;
}

interface Value {
  readonly value: Rational;
  readonly unit: string;
}

function sameValue(right: Value, said: Value): boolean {
  const hundredth = rational(1n, 100n);
  return (
    equal(right.value, said.value) ||
    (right.unit === '%' && said.unit === '' && equal(multiply(right.value, hundredth), said.value)) ||
    (said.unit === '%' && right.unit === '' && equal(right.value, multiply(said.value, hundredth)))
  );
}

/** The letter of an option: `A`, `(A)`, `D: 5`. */
const optionOf = (text: string) => /^\(?([A-Z])\)?(?:$|[:.)])/.exec(text)?.[1] ?? null;

type Kind = 'tuple' | 'set' | 'list' | 'matrix';

interface Parts {
  readonly kind: Kind;
  /** The delimiters of a tuple or an interval, which tell them apart. */
  readonly ends: string;
  readonly items: readonly string[];
}

/** What an answer is made of; `null` for one thing. */
function partsOf(text: string): Parts | null {
  if (text === '\\emptyset' || text === '\\{\\}') {
    return { kind: 'set', ends: '', items: [] };
  }
  const matrix = /^[([]?\\matrix\{(.*)\}[)\]]?$/.exec(text)?.[1];
  if (matrix !== undefined) {
    const rows = splitRows(matrix);
    return {
      kind: 'matrix',
      ends: rows.map((row) => row.split('&').length).join(),
      items: rows.flatMap((row) => row.split('&')),
    };
  }
  const set = /^\\\{(.*)\\\}$/.exec(text)?.[1];
  if (set !== undefined && !set.includes('\\{')) {
    return { kind: 'set', ends: '', items: splitTop(set) };
  }
  const tuple = /^([[(])(.*)([\])])$/.exec(text);
  if (tuple !== null && isBalanced(tuple[2] ?? '') && splitTop(tuple[2] ?? '').length > 1) {
    return { kind: 'tuple', ends: `${tuple[1]}${tuple[3]}`, items: splitTop(tuple[2] ?? '') };
  }
  const signs = text.match(/\\pm/g)?.length ?? 0;
  if (signs === 1 && isBalanced(text)) {
    return {
      kind: 'list',
      ends: '',
      items: [text.replace(/\\pm ?/, '+').replace(/^\+|(?<=[=(,])\+/, ''), text.replace(/\\pm ?/, '-')],
    };
  }
  const items = splitTop(text);
  return items.length > 1 ? { kind: 'list', ends: '', items } : null;
}

const splitRows = (matrix: string) => (matrix.endsWith(ROW_END) ? matrix.slice(0, -1) : matrix).split(ROW_END);

function compareParts(
  right: Parts | null,
  said: Parts | null,
  rightText: string,
  saidText: string,
  depth: number,
): MathComparison {
  const isUnordered = (parts: Parts | null) => parts === null || parts.kind === 'list' || parts.kind === 'set';
  if (isUnordered(right) && isUnordered(said)) {
    return compareUnordered(named(right?.items ?? [rightText]), named(said?.items ?? [saidText]), depth);
  }
  if (
    right === null ||
    said === null ||
    right.kind !== said.kind ||
    right.ends !== said.ends ||
    right.items.length !== said.items.length
  ) {
    return 'different';
  }
  const found = right.items.map((item, index) => compare(item, said.items[index] ?? '', depth + 1));
  return found.includes('different') ? 'different' : found.includes('unsettled') ? 'unsettled' : 'same';
}

/** `x=2, x=3` are the values 2 and 3 of one thing; `a=1, b=2` are not values of one. */
function named(items: readonly string[]): readonly string[] {
  const names = items.map((item) => /^([a-zA-Z])=(.+)$/.exec(item));
  const [first] = names;
  return items.length > 1 && first !== null && names.every((name) => name?.[1] === first?.[1])
    ? names.map((name) => name?.[2] ?? '')
    : items;
}

function compareUnordered(right: readonly string[], said: readonly string[], depth: number): MathComparison {
  if (right.length !== said.length || right.length > 50) {
    return 'different';
  }
  const left = [...said];
  let isSettled = true;
  for (const item of right) {
    const isNamed = right.length > 1 && /=/.test(item);
    const found = left.map((other) =>
      isNamed && !sameName(item, other) ? 'different' : compare(item, other, depth + 1),
    );
    const match = found.includes('same') ? found.indexOf('same') : found.indexOf('unsettled');
    if (match < 0) {
      return 'different';
    }
    isSettled &&= found[match] === 'same';
    left.splice(match, 1);
  }
  return isSettled ? 'same' : 'unsettled';
}

const sameName = (one: string, other: string) => one.split('=', 1)[0] === other.split('=', 1)[0];

interface Range {
  /** Of the variable; `null` where an interval names none. */
  readonly name: string | null;
  readonly low: string;
  readonly high: string;
  readonly ends: string;
}

/** `[-2,7]`, `-2\le x\le 7`, `x>2`, `x\in(2,\infty)`, `\{x|x>2\}` as an interval. */
function rangeOf(text: string): Range | null {
  const inside = /^\\\{ ?[a-z] ?[|:](.+?)(?:\\\}|\.)?$/.exec(text)?.[1] ?? text;
  const member = /^([a-zA-Z])\\in ?(.+)$/.exec(inside);
  const interval = /^([[(])(.*)([\])])$/.exec(member?.[2] ?? inside);
  const items = interval === null ? [] : splitTop(interval[2] ?? '');
  if (interval !== null && items.length === 2) {
    return {
      name: member?.[1] ?? null,
      low: items[0] ?? '',
      high: items[1] ?? '',
      ends: `${interval[1]}${interval[3]}`,
    };
  }
  const sides = inside.split(/(\\le|\\ge|<|>)/).map((side) => side.trim());
  const variable = sides.findIndex((side) => /^[a-zA-Z]$/.test(side));
  if (variable < 0 || (sides.length !== 3 && sides.length !== 5) || (sides.length === 5 && variable !== 2)) {
    return null;
  }
  const bounds = [-1, 1].flatMap((step) => {
    const [sign, bound] = [sides[variable + step], sides[variable + 2 * step]];
    if (sign === undefined || bound === undefined) {
      return [];
    }
    const isUpper = (sign === '<' || sign === '\\le') === step > 0;
    return [{ isUpper, bound, isOpen: sign === '<' || sign === '>' }];
  });
  const [low, high] = [bounds.filter(({ isUpper }) => !isUpper), bounds.filter(({ isUpper }) => isUpper)];
  if (low.length > 1 || high.length > 1) {
    return null;
  }
  return {
    name: sides[variable] ?? null,
    low: low[0]?.bound ?? '-\\infty',
    high: high[0]?.bound ?? '\\infty',
    ends: `${low[0]?.isOpen === false ? '[' : '('}${high[0]?.isOpen === false ? ']' : ')'}`,
  };
}

function compareRanges(right: Range, said: Range, depth: number): MathComparison {
  if (right.ends !== said.ends || (right.name !== null && said.name !== null && right.name !== said.name)) {
    return 'different';
  }
  const found = [compare(right.low, said.low, depth + 1), compare(right.high, said.high, depth + 1)];
  return found.includes('different') ? 'different' : found.includes('unsettled') ? 'different' : 'same';
}

/** Letters that a formula may have: single variables and functions. Words and names such as ABC are no formula. */
function isFormula(text: string): boolean {
  const bare = text.replace(/\\[a-zA-Z]+/g, ' ').replace(/\b(?:sin|cos|tan|log|ln|exp|sec|csc|cot|sqrt|pi)\b/g, ' ');
  return (
    !/[a-z]{3,}|[A-Z]{2,}|[a-z]\.|[a-z] [a-z]|\d \d|[^\x20-\x7e]|\d_/.test(bare) &&
    !/\\(?:infty|approx|sim|forall|exists|text|in|cup|cap|emptyset|matrix|le|ge|ne)(?![a-zA-Z])|[<>%]|[#&]/.test(
      text,
    ) &&
    (text.match(/=/g)?.length ?? 0) < 2
  );
}

/** `k` and `K` are two variables, which math-verify takes for one. */
function differInCase(one: string, other: string): boolean {
  const names = (text: string) => [...new Set(text.match(/\\[a-zA-Z]+|[a-zA-Z]/g) ?? [])].sort().join(' ');
  const lower = (text: string) => names(text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()));
  return names(one) !== names(other) && lower(one) === lower(other);
}

const sameWords = (one: string, other: string) => {
  const plain = (text: string) => text.toLowerCase().replace(/[\s.,;:'"-]+/g, '');
  // AB and ab name different things; Yes and yes do not.
  const isName = /^[A-Z]{1,4}$/.test(one) || /^[A-Z]{1,4}$/.test(other);
  return !isName && /[a-z]/i.test(one) && !/[\\=^_{}+*/<>()[\]]/.test(one) && plain(one) === plain(other);
};

/** What stands in no brackets, the rest blanked. */
function topLevel(text: string): string {
  let depth = 0;
  return [...text]
    .map((character) => {
      depth += /[([{]/.test(character) ? 1 : /[)\]}]/.test(character) ? -1 : 0;
      return depth > 0 ? '\u0000' : character;
    })
    .join('');
}

function isBalanced(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    depth += /[([{]/.test(character) ? 1 : /[)\]}]/.test(character) ? -1 : 0;
    if (depth < 0) {
      return false;
    }
  }
  return depth === 0;
}

/** Items between commas, "and", "or" outside of brackets; the comma of 1,234 separates nothing. */
function splitTop(text: string): string[] {
  if (/^-?\d{1,3}(?:,\d{3})+(?:\.\d+)?$/.test(text)) {
    return [text];
  }
  const plain = topLevel(text);
  const items: string[] = [];
  let start = 0;
  for (const match of plain.matchAll(/,(?: ?(?:and|or) ?)?|;|(?<![a-z\\]) ?(?:and|or) ?(?![a-z])/g)) {
    items.push(text.slice(start, match.index));
    start = match.index + match[0].length;
  }
  return [...items, text.slice(start)].map((item) => item.trim()).filter((item) => item !== '');
}
