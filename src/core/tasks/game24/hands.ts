import { apply } from '../reading/arithmetic';
import { equal, type Rational, rational } from '../reading/rational';

/** Four numbers from 1 to 13, ascending, so that equal hands are equal lists. */
export type Hand = readonly number[];

/** The simplest arithmetic that solves a hand: without division, with exact division only, or with fractions. */
export type Need = 'no-division' | 'division' | 'fractions';

export interface Solution {
  readonly expression: string;
  readonly need: Need;
}

export const target = rational(24n);

const needs: readonly Need[] = ['no-division', 'division', 'fractions'];

/** The first of the simplest ways to 24; `null` for an unsolvable hand. */
export function solveHand(hand: Hand): Solution | null {
  const cards = hand.map((card) => ({ value: rational(BigInt(card)), expression: String(card) }));
  for (const need of needs) {
    const expression = search(cards, need);
    if (expression !== null) {
      return { expression: expression.replace(/^\((.*)\)$/, '$1'), need };
    }
  }
  return null;
}

/** All 1,362 solvable hands, in ascending order. */
export function solvableHands(): readonly (Solution & { readonly hand: Hand })[] {
  known ??= allHands().flatMap((hand) => {
    const solution = solveHand(hand);
    return solution === null ? [] : [{ hand, ...solution }];
  });
  return known;
}

// Takes a second to compute and never changes: computed once per process.
let known: readonly (Solution & { readonly hand: Hand })[] | undefined;

interface Term {
  readonly value: Rational;
  readonly expression: string;
}

/** Combines two terms in every way until one is left. */
function search(terms: readonly Term[], need: Need): string | null {
  const [only] = terms;
  if (terms.length === 1 && only !== undefined) {
    return equal(only.value, target) ? only.expression : null;
  }
  for (const [first, left] of terms.entries()) {
    for (const [second, right] of terms.entries()) {
      if (first === second) {
        continue;
      }
      const others = terms.filter((_, index) => index !== first && index !== second);
      for (const joined of joinings(left, right, first < second, need)) {
        const expression = search([joined, ...others], need);
        if (expression !== null) {
          return expression;
        }
      }
    }
  }
  return null;
}

function joinings(left: Term, right: Term, isInOrder: boolean, need: Need): Term[] {
  // Sums and products in one order only.
  const operators = [...(isInOrder ? ['+', '*'] : []), '-', ...(need === 'no-division' ? [] : ['/'])];
  return operators.flatMap((operator) => {
    const value = apply(operator, left.value, right.value);
    const isAllowed = value !== null && (need === 'fractions' || value.denominator === 1n);
    return isAllowed ? [{ value, expression: `(${left.expression} ${operator} ${right.expression})` }] : [];
  });
}

function allHands(): Hand[] {
  const cards = Array.from({ length: 13 }, (_, index) => index + 1);
  return cards.flatMap((a) =>
    cards
      .filter((b) => b >= a)
      .flatMap((b) => cards.filter((c) => c >= b).flatMap((c) => cards.filter((d) => d >= c).map((d) => [a, b, c, d]))),
  );
}
