import type { RandomStream } from '../../src/core/random';

/** What breaks readers: ends and beginnings of syntax, half characters, signs that turn writing, very large numbers. */
const PIECES = [
  ...['{', '}', '[', ']', '"', "'", '\\', '\\u', ',', ':', '\n', '\r\n', '\t', ' ', '\u0000', '\ufeff', '\u202e'],
  ...['\ud800', '\udfff', '\u{1f600}', '½', '٣', 'null', 'true', '-0', '1e999', '9007199254740993', '-1', '0x1f'],
  ...[
    '__proto__',
    'constructor',
    '$ref',
    '<think>',
    '</think>',
    '```json',
    '####',
    '\\boxed{',
    '\\frac',
    '%',
    '&a',
    '*a',
  ],
  ...['data: ', '[DONE]', 'error', 'usage', 'choices', 'content', '!!js/function', '<|im_end|>', 'NaN', 'Infinity'],
];

const REPEATS_MAX = 2000;

/** A text with a few wounds: parts lost, doubled, moved, overwritten, spliced with another text, or cut off. */
export function mutated(stream: RandomStream, text: string, others: readonly string[]): string {
  const below = (limit: number) => Math.floor(stream.next() * limit);
  const wounds = 1 + below(5);
  let result = text;
  for (let wound = 0; wound < wounds; wound += 1) {
    const at = below(result.length + 1);
    const to = Math.min(result.length, at + below(40));
    const [before, part, after] = [result.slice(0, at), result.slice(at, to), result.slice(to)];
    const piece = stream.pick(PIECES);
    switch (below(8)) {
      case 0:
        result = before + after;
        break;
      case 1:
        result = before + part + part + after;
        break;
      case 2:
        result = before + piece + after;
        break;
      case 3:
        result = before + piece + part + after;
        break;
      case 4:
        result = before + stream.pick(others).slice(below(100)) + after;
        break;
      case 5:
        result = after + before;
        break;
      case 6:
        result = before;
        break;
      default:
        result = stream.next() < 0.05 ? before + piece.repeat(below(REPEATS_MAX)) + after : part + before + after;
    }
  }
  return result;
}
