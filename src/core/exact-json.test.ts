import * as fc from 'fast-check';
import { parseExactJson } from './exact-json';

test('whole numbers beyond 2^53 keep their value', () => {
  expect(parseExactJson('{"a": 9007199254740993, "b": [-12345678901234567890], "c": "9007199254740993"}')).toEqual({
    a: 9007199254740993n,
    b: [-12345678901234567890n],
    c: '9007199254740993',
  });
});

test('whatever else JSON says is what JSON.parse reads', () => {
  void fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const read = parseExactJson(JSON.stringify(value));
      // 123456789012345680000 is not a double: its value is kept, and it is the number that JSON.parse takes it for.
      const rounded = JSON.stringify(read, (_, part: unknown) => (typeof part === 'bigint' ? Number(part) : part));
      expect(JSON.parse(rounded)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test.each(['{', '12345678901234567890x', '{"a": 12345678901234567890'])('%s is not JSON', (text) => {
  expect(() => parseExactJson(text)).toThrow(SyntaxError);
});
