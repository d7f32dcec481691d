import { rougeL } from './rouge-l';

/** Longer texts are compared by their first words: more is no question. */
const WORDS_MAX = 400;

export interface Neighbour {
  readonly id: string;
  readonly similarity: number;
}

/**
 * Finds a text that is near to another, by ROUGE-L, without looking at all of them, and misses none: two texts whose
 * similarity is at least t share so many words that they share one of the rarest words of each (prefix filtering,
 * Chaudhuri et al. 2006; Bayardo et al. 2007). The order of rarity is that of the texts the index was made with.
 */
export class NearIndex {
  private readonly ranks: ReadonlyMap<string, number>;
  private readonly numbers = new Map<string, number>();
  private readonly texts: {
    readonly id: string;
    readonly words: readonly number[];
    readonly bag: ReadonlyMap<number, number>;
  }[] = [];
  /** Word -> the texts that have it among their rarest. */
  private readonly postings = new Map<string, number[]>();

  /** @param threshold similarity from which two texts are near; above 0.5 it is quick */
  constructor(
    private readonly threshold: number,
    texts: readonly { readonly id: string; readonly text: string }[],
  ) {
    const frequency = new Map<string, number>();
    const split = texts.map(({ text }) => wordsOf(text));
    for (const word of split.flat()) {
      frequency.set(word, (frequency.get(word) ?? 0) + 1);
    }
    this.ranks = frequency;
    for (const [index, { id }] of texts.entries()) {
      this.addWords(id, split[index] as string[]);
    }
  }

  add(id: string, text: string): void {
    this.addWords(id, wordsOf(text));
  }

  /** The nearest text at or above the threshold; of equally near ones the first that was added. */
  nearest(text: string): Neighbour | null {
    let best: Neighbour | null = null;
    for (const found of this.near(text, () => best?.similarity ?? 0)) {
      if (found.similarity > (best?.similarity ?? 0)) {
        best = found;
      }
    }
    return best;
  }

  /**
   * All texts at or above the threshold, in the order in which they were added.
   * @param atLeast asked before each text is compared: what is surely less similar need not be found
   */
  *near(text: string, atLeast = () => 0): Generator<Neighbour> {
    const words = wordsOf(text);
    // A word that no text has is like no other.
    const numbered = words.map((word) => this.numbers.get(word) ?? -1);
    const bag = bagOf(numbered);
    const candidates = new Set(this.rarest(words).flatMap((word) => this.postings.get(word) ?? []));
    for (const index of [...candidates].sort((left, right) => left - right)) {
      const other = this.texts[index] as (typeof this.texts)[number];
      const enough = Math.max(this.threshold, atLeast()) * (numbered.length + other.words.length);
      // A common subsequence has at most the common words.
      if (2 * overlap(bag, other.bag) < enough - 1e-9) {
        continue;
      }
      const similarity = rougeL(numbered, other.words);
      if (similarity >= this.threshold - 1e-9) {
        yield { id: other.id, similarity };
      }
    }
  }

  private addWords(id: string, words: readonly string[]): void {
    const index = this.texts.length;
    const numbered = words.map((word) => this.numberOf(word));
    this.texts.push({ id, words: numbered, bag: bagOf(numbered) });
    for (const word of this.rarest(words)) {
      const posting = this.postings.get(word);
      if (posting === undefined) {
        this.postings.set(word, [index]);
      } else {
        posting.push(index);
      }
    }
  }

  /**
   * With n words, a text at similarity t has at least n * t / (2 - t) of them in common with another, whatever the
   * other's length. So of its n - that + 1 rarest words at least one is common. A word that comes again counts as
   * another word (`the#2`).
   */
  private rarest(words: readonly string[]): string[] {
    const seen = new Map<string, number>();
    const counted = words.map((word) => {
      const count = (seen.get(word) ?? 0) + 1;
      seen.set(word, count);
      return { name: `${word}#${count}`, rank: this.ranks.get(word) ?? 0 };
    });
    const common = Math.ceil((words.length * this.threshold) / (2 - this.threshold) - 1e-9);
    return counted
      .sort((left, right) => left.rank - right.rank || (left.name < right.name ? -1 : 1))
      .slice(0, words.length - common + 1)
      .map(({ name }) => name);
  }

  private numberOf(word: string): number {
    const known = this.numbers.get(word);
    if (known !== undefined) {
      return known;
    }
    this.numbers.set(word, this.numbers.size);
    return this.numbers.size - 1;
  }
}

const wordsOf = (text: string) =>
  (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/\p{L}+|\p{N}+|[^\s\p{L}\p{N}.,;:!?"'`’]/gu) ?? []
  ).slice(0, WORDS_MAX);

function bagOf(words: readonly number[]): Map<number, number> {
  const bag = new Map<number, number>();
  for (const word of words) {
    bag.set(word, (bag.get(word) ?? 0) + 1);
  }
  return bag;
}

function overlap(left: ReadonlyMap<number, number>, right: ReadonlyMap<number, number>): number {
  let common = 0;
  for (const [word, count] of left) {
    common += Math.min(count, right.get(word) ?? 0);
  }
  return common;
}
