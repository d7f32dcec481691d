/** The first path at which two JSON values differ, with both values; `undefined` if absent. */
export interface Difference {
  /** `iterations[0].accepted`; empty for the values themselves. */
  readonly path: string;
  readonly left: unknown;
  readonly right: unknown;
}

/** `null` if the values are equal, whatever the order of their keys. */
export function firstDifference(left: unknown, right: unknown, path = ''): Difference | null {
  if (left === right) {
    return null;
  }
  if (!isObject(left) || !isObject(right) || Array.isArray(left) !== Array.isArray(right)) {
    return { path, left, right };
  }
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const child = Array.isArray(left) ? `${path}[${key}]` : `${path}${path === '' ? '' : '.'}${key}`;
    const found = firstDifference(left[key], right[key], child);
    if (found !== null) {
      return found;
    }
  }
  return null;
}

/** Without the keys that `then` does not have: a later version may add keys. */
export function knownThen(then: unknown, now: unknown): unknown {
  if (Array.isArray(then) && Array.isArray(now)) {
    return now.map((value, index) => knownThen(then[index], value));
  }
  if (!isObject(then) || !isObject(now) || Array.isArray(then) || Array.isArray(now)) {
    return now;
  }
  const known = Object.entries(now).filter(([key]) => key in then);
  return Object.fromEntries(known.map(([key, value]) => [key, knownThen(then[key], value)]));
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
