/**
 * Named, seeded randomness. A stream is addressed by its name (`'order', runSeed, iteration`) and never kept as state,
 * so a repeated step draws the same numbers, whatever happened before it.
 */
export interface RandomStream {
  /** Uniform in [0, 1), 53 bits. */
  next(): number;
  /** Uniform integer in [0, below). */
  integer(below: number): number;
  /** Uniform element. */
  pick<T>(items: readonly T[]): T;
  /** A shuffled copy (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[];
}

export type StreamName = readonly (string | number)[];

export function randomStream(...name: StreamName): RandomStream {
  const next32 = sfc32(hash128(name.join('\u0000')));
  const next = () => ((next32() >>> 5) * 67108864 + (next32() >>> 6)) / 9007199254740992;
  const integer = (below: number) => Math.floor(next() * below);
  return {
    next,
    integer,
    pick: (items) => items[integer(items.length)] as (typeof items)[number],
    shuffle: (items) => {
      const copy = [...items];
      for (let index = copy.length - 1; index > 0; index -= 1) {
        const other = integer(index + 1);
        [copy[index], copy[other]] = [copy[other] as (typeof copy)[number], copy[index] as (typeof copy)[number]];
      }
      return copy;
    },
  };
}

/** A stable 53-bit number for a name: tie-breaks, ids of streams in other languages. Not cryptographic. */
export function stableHash(...name: StreamName): number {
  const [high, low] = hash128(name.join('\u0000'));
  return (high >>> 11) * 4294967296 + low;
}

/** Eight characters, 128 bits, that stand for a text of any length: to find equal ones. Not cryptographic. */
export function textDigest(text: string): string {
  return String.fromCharCode(...hash128(text).flatMap((word) => [word >>> 16, word & 0xffff]));
}

type Words = [number, number, number, number];

/** cyrb128: four well-mixed 32-bit words from a text (public domain construction). */
function hash128(text: string): Words {
  let h1 = 1779033703;
  let h2 = 3144134277;
  let h3 = 1013904242;
  let h4 = 2773480762;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    h1 = h2 ^ Math.imul(h1 ^ code, 597399067);
    h2 = h3 ^ Math.imul(h2 ^ code, 2869860233);
    h3 = h4 ^ Math.imul(h3 ^ code, 951274213);
    h4 = h1 ^ Math.imul(h4 ^ code, 2716044179);
  }
  h1 = Math.imul(h3 ^ (h1 >>> 18), 597399067);
  h2 = Math.imul(h4 ^ (h2 >>> 22), 2869860233);
  h3 = Math.imul(h1 ^ (h3 >>> 17), 951274213);
  h4 = Math.imul(h2 ^ (h4 >>> 19), 2716044179);
  h1 ^= h2 ^ h3 ^ h4;
  return [h1 >>> 0, (h2 ^ h1) >>> 0, (h3 ^ h1) >>> 0, (h4 ^ h1) >>> 0];
}

/** sfc32 (Small Fast Counter, C. Doty-Humphrey, PractRand): 32 bits a call. */
function sfc32(words: Words): () => number {
  let [a, b, c, counter] = words;
  const step = () => {
    const result = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + result;
    c |= 0;
    return result >>> 0;
  };
  for (let round = 0; round < 12; round += 1) {
    step();
  }
  return step;
}
