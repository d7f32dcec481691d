/** A position in the configuration: keys, and indexes of lists. */
export type KeyPath = readonly (string | number)[];

/** The keys of `matrix` are key paths, so everything after `matrix.` is one key. */
export function parseKeyPath(text: string): KeyPath {
  const [first, ...rest] = text.split('.');
  return first === 'matrix' && rest.length > 0 ? ['matrix', rest.join('.')] : text.split('.');
}

export function formatKeyPath(path: KeyPath): string {
  return path.map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${key}`)).join('');
}

export function getIn(value: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>(
    (inner, key) => (isMapping(inner) || Array.isArray(inner) ? Reflect.get(inner, key) : undefined),
    value,
  );
}

/** A copy with the value at this path, creating mappings on the way; `undefined` removes the key. `null` where the path leads through something that is not a mapping. */
export function setIn(
  value: Readonly<Record<string, unknown>>,
  path: KeyPath,
  member: unknown,
): Record<string, unknown> | null {
  const [key, ...rest] = path;
  const copy = new Map(Object.entries(value));
  if (rest.length === 0) {
    copy.set(String(key), member);
    return Object.fromEntries([...copy].filter(([, kept]) => kept !== undefined));
  }
  const inner = copy.get(String(key)) ?? {};
  const changed = isMapping(inner) ? setIn(inner, rest, member) : null;
  return changed === null ? null : Object.fromEntries(copy.set(String(key), changed));
}

/** Every value that is not a mapping, with its path. Lists and empty mappings are values. */
export function leaves(value: unknown, path: KeyPath = []): { readonly path: KeyPath; readonly value: unknown }[] {
  return isMapping(value) && (path.length === 0 || Object.keys(value).length > 0)
    ? Object.entries(value).flatMap(([key, member]) => leaves(member, [...path, key]))
    : [{ path, value }];
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
