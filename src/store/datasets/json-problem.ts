/**
 * Why a line is not valid JSON, in words of our own: the engine's message differs from one Node release to the next, and
 * newer ones name a line number, which is always 1 here.
 */
export function jsonProblem(line: string, error: unknown): string {
  const { message } = error as Error;
  const position = Number(/at position (\d+)/.exec(message)?.[1] ?? Number.NaN);
  if (/end of JSON input/.test(message) || position >= line.length) {
    return 'is not valid JSON: the line ends in the middle of a value';
  }
  return Number.isNaN(position) ? 'is not valid JSON' : `is not valid JSON: unexpected text at column ${position + 1}`;
}
