/** An object of a reply, whatever its members are. */
export type Json = Readonly<Record<string, unknown>>;

/** The value as an object; `null` for anything else, lists included. */
export const asObject = (value: unknown): Json | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;

/** The value of a text; `null` where it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
