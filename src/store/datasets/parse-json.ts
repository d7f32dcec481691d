import { parseExactJson } from '../../core/exact-json';

/**
 * Parses a data file's JSON. An integer that a double cannot hold becomes its digits, as text, as every cell ends as text.
 * @throws SyntaxError
 */
export const parseJson = (text: string): unknown => parseExactJson(text, String);

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a JSON value is, for a message. */
export function describeJson(value: unknown): string {
  return Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`;
}
