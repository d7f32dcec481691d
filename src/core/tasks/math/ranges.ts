import { splitTop } from './brackets';

export interface MathRange {
  /** Of the variable; `null` where an interval names none. */
  readonly name: string | null;
  readonly low: string;
  readonly high: string;
  readonly ends: string;
}

/** `[-2,7]`, `-2\le x\le 7`, `x>2`, `x\in(2,\infty)`, `\{x|x>2\}` as an interval. */
export function mathRangeOf(text: string): MathRange | null {
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
