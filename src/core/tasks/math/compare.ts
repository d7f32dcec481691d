import { outsideBrackets } from './brackets';
import { differInCase, isFormula } from './formulas';
import { normaliseLatex } from './latex';
import { type MathParts, mathPartsOf } from './parts';
import { type MathRange, mathRangeOf } from './ranges';
import { type Measured, unitsAgree, withoutUnit } from './units';
import { exactValueOf, sameValue } from './values';

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
  const values = [exactValueOf(right.text), exactValueOf(said.text)] as const;
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
  const [rangeRight, rangeSaid] = [mathRangeOf(right), mathRangeOf(said)];
  if (rangeRight !== null && rangeSaid !== null && (rangeRight.name !== null || rangeSaid.name !== null)) {
    return compareRanges(rangeRight, rangeSaid, depth);
  }
  const [one, other] = [mathPartsOf(right), mathPartsOf(said)];
  if (one !== null || other !== null) {
    return compareParts(one, other, right, said, depth);
  }
  return isFormula(right) && isFormula(said) && !differInCase(right, said)
    ? 'unsettled'
    : sameWords(right, said)
      ? 'same'
      : 'different';
}

/** `x=5` is 5 where the other names nothing; two different names are different answers. */
function withoutName(right: Measured, said: Measured): readonly [Measured, Measured] {
  const form = /^(?:[a-zA-Z]{1,12}|\|[A-Z]{2}\||[a-zA-Z]\([a-z]\)|[a-zA-Z]_\{?\w\}?)=([^=]+)$/;
  const [one, other] = [form.exec(right.text)?.[1], form.exec(said.text)?.[1]];
  const isNamedOnce =
    (one === undefined) !== (other === undefined) && !/=/.test(one === undefined ? right.text : said.text);
  if (isNamedOnce && !outsideBrackets(one ?? other ?? '').includes(',')) {
    return [
      { ...right, text: one ?? right.text },
      { ...said, text: other ?? said.text },
    ];
  }
  return [right, said];
}

/** The letter of an option: `A`, `(A)`, `D: 5`. */
const optionOf = (text: string) => /^\(?([A-Z])\)?(?:$|[:.)])/.exec(text)?.[1] ?? null;

function compareParts(
  right: MathParts | null,
  said: MathParts | null,
  rightText: string,
  saidText: string,
  depth: number,
): MathComparison {
  const isUnordered = (parts: MathParts | null) => parts === null || parts.kind === 'list' || parts.kind === 'set';
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

function compareRanges(right: MathRange, said: MathRange, depth: number): MathComparison {
  if (right.ends !== said.ends || (right.name !== null && said.name !== null && right.name !== said.name)) {
    return 'different';
  }
  const found = [compare(right.low, said.low, depth + 1), compare(right.high, said.high, depth + 1)];
  return found.includes('different') ? 'different' : found.includes('unsettled') ? 'different' : 'same';
}

const sameWords = (one: string, other: string) => {
  const plain = (text: string) => text.toLowerCase().replace(/[\s.,;:'"-]+/g, '');
  // AB and ab name different things; Yes and yes do not.
  const isName = /^[A-Z]{1,4}$/.test(one) || /^[A-Z]{1,4}$/.test(other);
  return !isName && /[a-z]/i.test(one) && !/[\\=^_{}+*/<>()[\]]/.test(one) && plain(one) === plain(other);
};
