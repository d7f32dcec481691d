/**
 * JSON whose whole numbers keep their value: where a JavaScript number would be another one, as 2^53 + 1, they
 * are bigints, or what `fromDigits` makes of their digits.
 * @throws SyntaxError as JSON.parse
 */
export function parseExactJson(text: string, fromDigits: (digits: string) => unknown = BigInt): unknown {
  if (!/\d{16}/.test(text)) {
    return JSON.parse(text);
  }
  // Checked first: what is marked below must not make JSON of something else.
  JSON.parse(text);
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    isInexact(token) ? `{"${MARK}":"${token}"}` : token,
  );
  return JSON.parse(marked, (_, value: unknown) => {
    const digits = typeof value === 'object' && value !== null ? Reflect.get(value, MARK) : undefined;
    return typeof digits === 'string' ? fromDigits(digits) : value;
  });
}

/** Whether a number would lose its value; of more than 21 digits it would also be written in another form, as 1e+21. */
const isInexact = (token: string) =>
  /^-?\d{16,}$/.test(token) && (/\d{22}/.test(token) || BigInt(Number(token)) !== BigInt(token));

/** No key of a file: it begins with a character that JSON text holds only escaped. */
const MARK = 'whole number \u007f';
