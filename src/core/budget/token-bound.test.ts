import { inputTokensMax, questionBytesMax, tokensMax } from './token-bound';

/** Tokens that tokenizers of large models made of these texts at most: one a byte is what byte fallback does. */
const texts: readonly [string, string][] = [
  ['English', 'How many apples are left?'],
  ['Chinese', '还剩下多少个苹果？'],
  ['Arabic, with a ligature that grows when normalised', 'ﷺ كم تفاحة بقيت؟'],
  ['Thai', 'เหลือแอปเปิ้ลกี่ลูก'],
  ['Emoji joined from several', '👩‍👩‍👧‍👦👍🏽'],
  ['Control characters', '\u0000\u0007\r\n\t'],
  ['Mathematics', '∑_{i=1}^{n} xᵢ² ≤ ½'],
];

describe('a text has at most as many tokens as it has bytes, in the form it came in and in the normalised one', () => {
  test.each(texts)('%s', (_, text) => {
    expect(tokensMax(text)).toBeGreaterThanOrEqual(new TextEncoder().encode(text).length);
    expect(tokensMax(text)).toBeGreaterThanOrEqual(new TextEncoder().encode(text.normalize('NFKC')).length);
  });
});

test('a request is bounded with all its messages and what a chat template adds', () => {
  const message = { role: 'user' as const, content: 'abc' };
  expect(inputTokensMax([])).toBe(64);
  expect(inputTokensMax([message, message])).toBe(64 + 2 * 19);
});

test('a question is bounded by the output limit, and absolutely', () => {
  expect(questionBytesMax(100)).toBe(400);
  expect(questionBytesMax(100_000)).toBe(4096);
});
