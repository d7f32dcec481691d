/** A text without its escapes and line breaks, and where each part of it was. */
export interface PlainText {
  readonly text: string;
  /** Where the characters from `start` up to `end` of the plain text are written in the original. */
  rangeOf(start: number, end: number): Range;
}

export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * The two readings of a text: where a backslash before `n`, `r` or `t` makes white space, and where it does not. Escapes
 * of JSON (also within JSON), of URLs (also encoded twice) and of HTML are undone; line breaks are left out, because
 * base64 may be broken into lines. Linear.
 */
export function plainTexts(text: string): readonly PlainText[] {
  const asJson = plainText(text, true);
  return text.includes('\\') ? [asJson, plainText(text, false)] : [asJson];
}

function plainText(text: string, isJson: boolean): PlainText {
  let plain = '';
  // What was copied up to a piece, where the piece is written, and how long: for each escape, and each run between two.
  const plainStarts: number[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  const add = (written: string, start: number, end: number) => {
    if (written !== '') {
      plainStarts.push(plain.length);
      starts.push(start);
      ends.push(end);
      plain += written;
    }
  };
  let copied = 0;
  let at = nextSpecial(text, 0);
  while (at < text.length) {
    const found = readEscape(text, at, isJson);
    if (found !== null) {
      add(text.slice(copied, at), copied, at);
      add(found.character, at, found.end);
      copied = found.end;
    }
    at = nextSpecial(text, found?.end ?? at + 1);
  }
  add(text.slice(copied), copied, text.length);
  const rangeOf = (from: number, to: number): Range => {
    const [first, last] = [pieceAt(plainStarts, from), pieceAt(plainStarts, to - 1)];
    const isCopied = (piece: number) =>
      (ends[piece] ?? 0) - (starts[piece] ?? 0) ===
      (plainStarts[piece + 1] ?? plain.length) - (plainStarts[piece] ?? 0);
    return {
      start: (starts[first] ?? 0) + (isCopied(first) ? from - (plainStarts[first] ?? 0) : 0),
      end: isCopied(last) ? (starts[last] ?? 0) + to - (plainStarts[last] ?? 0) : (ends[last] ?? 0),
    };
  };
  return { text: plain, rangeOf };
}

/** The last piece that begins at `at` or before. */
function pieceAt(plainStarts: readonly number[], at: number): number {
  let low = 0;
  let high = plainStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((plainStarts[middle] ?? 0) <= at) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

const [backslash, percent, ampersand, newLine, carriageReturn] = [0x5c, 0x25, 0x26, 0x0a, 0x0d];

function nextSpecial(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === backslash || code === percent || code === ampersand || code === newLine || code === carriageReturn) {
      return at;
    }
  }
  return text.length;
}

interface Escape {
  /** Empty for what is left out. */
  readonly character: string;
  readonly end: number;
}

function readEscape(text: string, at: number, isJson: boolean): Escape | null {
  switch (text.charCodeAt(at)) {
    case backslash:
      return readBackslashes(text, at, isJson);
    case percent:
      return readPercent(text, at);
    case ampersand:
      return readEntity(text, at);
    default:
      return { character: '', end: at + 1 };
  }
}

/** A run of backslashes belongs to the quote or slash that it escapes, so that none is left without it. */
function readBackslashes(text: string, at: number, isJson: boolean): Escape {
  let end = at;
  while (text.charCodeAt(end) === backslash) {
    end += 1;
  }
  const next = text[end] ?? '';
  const unit = next === 'u' ? text.slice(end + 1, end + 5) : '';
  if (/^[0-9a-f]{4}$/i.test(unit)) {
    return { character: plain(String.fromCharCode(Number.parseInt(unit, 16))), end: end + 5 };
  }
  if (isJson && /^[nrt]/.test(next)) {
    return { character: next === 't' ? '\t' : '', end: end + 1 };
  }
  return /^["'/]/.test(next) ? { character: next, end: end + 1 } : { character: '', end };
}

const asciiByte = /%(?:25)*([0-7][0-9a-f])/iy;
const otherBytes = /(?:%(?:25)*[89a-f][0-9a-f])+/iy;

/** A byte of ASCII, or all bytes beyond it that follow one another: together they make characters. */
function readPercent(text: string, at: number): Escape | null {
  // These first: of `%25C3`, which is encoded twice, the first byte is not all.
  const [others] = matchAt(otherBytes, text, at);
  if (others !== undefined) {
    const bytes = others.split('%').slice(1);
    const values = bytes.map((byte) => Number.parseInt(byte.slice(-2), 16));
    return { character: utf8.decode(Uint8Array.from(values)), end: at + others.length };
  }
  const [written, digits = ''] = matchAt(asciiByte, text, at);
  return written === undefined
    ? null
    : { character: plain(String.fromCharCode(Number.parseInt(digits, 16))), end: at + written.length };
}

const utf8 = new TextDecoder();

function matchAt(sticky: RegExp, text: string, at: number): readonly (string | undefined)[] {
  sticky.lastIndex = at;
  return sticky.exec(text) ?? [];
}

const entity = /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(quot|amp|lt|gt|apos));/y;

const namedCharacters: Readonly<Record<string, string>> = { quot: '"', amp: '&', lt: '<', gt: '>', apos: "'" };

function readEntity(text: string, at: number): Escape | null {
  const [written, decimal, hexadecimal, name] = matchAt(entity, text, at);
  if (written === undefined) {
    return null;
  }
  const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal);
  const character = namedCharacters[name ?? ''] ?? (code <= 0x10ffff ? String.fromCodePoint(code) : '');
  return { character: plain(character), end: at + written.length };
}

/** An escaped backslash or line break is left out like one that is not. */
const plain = (character: string): string => (/[\\\r\n]/.test(character) ? '' : character);
