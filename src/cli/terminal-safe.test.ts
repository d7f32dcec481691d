import fc from 'fast-check';
import { terminalSafe, writeSafely } from './terminal-safe';

test.each([
  ['a title \u001b]0;owned\u0007', 'a title \\u001b]0;owned\\u0007'],
  ['a C1 \u009b31m', 'a C1 \\u009b31m'],
  ['turned \u202eexe.txt', 'turned \\u202eexe.txt'],
  ['over\rwritten', 'over\\u000dwritten'],
  ['back\bspace and delete\u007f', 'back\\u0008space and delete\\u007f'],
  ['isolated \u2066text\u2069', 'isolated \\u2066text\\u2069'],
  ['lines\n\tand tabs, größe, 数据, 👩‍🔬', 'lines\n\tand tabs, größe, 数据, 👩‍🔬'],
])('%j is shown as %j', (text, shown) => {
  expect(terminalSafe(text)).toBe(shown);
});

test('JSON stays the same data', () => {
  const value = fc.json().chain((json) => fc.string({ unit: 'binary' }).map((text) => JSON.stringify([json, text])));
  fc.assert(fc.property(value, (json) => expect(JSON.parse(terminalSafe(json))).toEqual(JSON.parse(json))));
});

test('whatever is written to a stream passes through it, but for bytes and the cursor of the live view', () => {
  const written: unknown[] = [];
  const stream = { write: (text: unknown) => written.push(text) > 0 };
  writeSafely([stream]);
  const bytes = Uint8Array.of(27);
  for (const text of ['\u001b[2J', '\u001b[?25l', bytes]) {
    stream.write(text);
  }
  expect(written).toEqual(['\\u001b[2J', '\u001b[?25l', bytes]);
});
