import { NumberList } from './number-list';
import { rougeL } from './rouge-l';

/** Of longer texts as many words of the beginning as of the end are compared: what they share may be a long preface. */
const WORDS_MAX = 2000;

/** Similarities are quotients: 0.8 may be a little less. */
export const TOLERANCE = 1e-9;

export interface Neighbour {
  /** 0 for the text that was added first. */
  readonly number: number;
  readonly similarity: number;
}

/** A position in `postings` that is none: the end of a list. */
const NONE = 0xffffffff;

/**
 * Finds texts that are near to another, by ROUGE-L, without comparing all of them, and misses none: two texts whose
 * similarity is at least t share so many words that they share one of the rarest words of each (prefix filtering,
 * Chaudhuri et al. 2006; Bayardo et al. 2007). Rarity is counted over the texts that were added before the first search.
 *
 * A text is kept as the numbers of its words, some ten bytes a word in all, so that a million questions can be held.
 */
export class NearIndex {
  private readonly numbers = new Map<string, number>();
  /** By the number of a word; of those that came after the first search, 0. */
  private readonly frequency = new NumberList();
  private isCounted = false;
  /** The words of all texts, one text after another. */
  private readonly words = new NumberList();
  /** Where in `words` each text ends. */
  private readonly ends = new NumberList();
  /** The texts up to this number can be found. */
  private indexed = 0;
  /** Word -> the texts that have it among their rarest words: the newest of a list in `postings`. */
  private readonly newest = new Map<number, number>();
  private readonly postings = { text: new NumberList(), older: new NumberList() };
  /** How often the text that is searched for has each word; zero between searches. */
  private counts = new Uint16Array(0);

  /** @param threshold similarity from which two texts are near; fast above 0.5 */
  constructor(private readonly threshold: number) {}

  /** @returns its number */
  add(text: string): number {
    for (const word of wordsOf(text)) {
      this.words.push(this.numberOf(word));
    }
    this.ends.push(this.words.length);
    return this.ends.length - 1;
  }

  /** What the next search would do first for the texts added since the last one, a text a step. */
  *prepare(): Generator<void> {
    this.countWords();
    for (; this.indexed < this.ends.length; this.indexed += 1) {
      this.index(this.indexed);
      yield;
    }
  }

  /** The nearest text at or above the threshold; of equally near texts, the one added first. */
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
   * @param atLeast called before each comparison; texts that are certainly less similar may be skipped
   */
  *near(text: string, atLeast = () => 0): Generator<Neighbour> {
    for (const _ of this.prepare()) {
      // One text after another.
    }
    // A word that occurs in no text matches nothing.
    const words = Uint32Array.from(wordsOf(text), (word) => this.numbers.get(word) ?? NONE);
    const known = words.filter((word) => word !== NONE);
    for (const number of this.candidates(words)) {
      const other = this.wordsAt(number);
      const enough = Math.max(this.threshold, atLeast()) * (words.length + other.length) - TOLERANCE;
      // A common subsequence has at most as many words as the texts share.
      if (2 * Math.min(known.length, other.length) < enough || 2 * this.overlap(known, other) < enough) {
        continue;
      }
      const similarity = rougeL(words, other);
      if (similarity >= this.threshold - TOLERANCE) {
        yield { number, similarity };
      }
    }
  }

  /** The texts that have one of its rarest words among theirs, in the order in which they were added. */
  private candidates(words: Uint32Array): Uint32Array {
    const found = new Set<number>();
    for (const word of this.rarest(words)) {
      for (let at = this.newest.get(word) ?? NONE; at !== NONE; at = this.postings.older.at(at)) {
        found.add(this.postings.text.at(at));
      }
    }
    return Uint32Array.from(found).sort();
  }

  private countWords(): void {
    if (this.isCounted) {
      return;
    }
    this.isCounted = true;
    for (let at = 0; at < this.words.length; at += 1) {
      const word = this.words.at(at);
      this.frequency.set(word, this.frequency.at(word) + 1);
    }
  }

  private index(text: number): void {
    for (const word of this.rarest(this.wordsAt(text))) {
      this.postings.older.push(this.newest.get(word) ?? NONE);
      this.newest.set(word, this.postings.text.length);
      this.postings.text.push(text);
    }
  }

  private wordsAt(text: number): Uint32Array {
    return this.words.slice(text === 0 ? 0 : this.ends.at(text - 1), this.ends.at(text));
  }

  /**
   * With n words, a text at similarity t has at least n * t / (2 - t) of them in common with another, whatever the
   * other's length. So of its n - that + 1 rarest words at least one is common. A repeated word counts as another word.
   */
  private rarest(words: Uint32Array): number[] {
    const common = Math.ceil((words.length * this.threshold) / (2 - this.threshold) - TOLERANCE);
    const sorted = Uint32Array.from(words).sort(
      (left, right) => this.rarity(left) - this.rarity(right) || left - right,
    );
    let repeated = 0;
    return Array.from(sorted.subarray(0, words.length - common + 1), (word, index) => {
      repeated = index > 0 && sorted[index - 1] === word ? repeated + 1 : 0;
      return word * WORDS_MAX + repeated;
    });
  }

  private rarity(word: number): number {
    return word === NONE ? 0 : this.frequency.at(word);
  }

  /** How many words the texts share, in whatever order. */
  private overlap(words: Uint32Array, other: Uint32Array): number {
    if (this.counts.length < this.numbers.size) {
      this.counts = new Uint16Array(2 * this.numbers.size);
    }
    const { counts } = this;
    for (const word of words) {
      counts[word] = (counts[word] as number) + 1;
    }
    let common = 0;
    for (const word of other) {
      const count = counts[word] as number;
      if (count > 0) {
        counts[word] = count - 1;
        common += 1;
      }
    }
    for (const word of words) {
      counts[word] = 0;
    }
    return common;
  }

  private numberOf(word: string): number {
    const known = this.numbers.get(word);
    if (known !== undefined) {
      return known;
    }
    const number = this.numbers.size;
    this.numbers.set(word, number);
    this.frequency.push(0);
    return number;
  }
}

function wordsOf(text: string): string[] {
  const normal = text.normalize('NFKC').toLowerCase();
  const runs = normal.match(/\p{L}+|\p{N}+|[^\s\p{L}\p{N}.,;:!?"'`’]/gu) ?? [];
  const words = unspaced.test(normal)
    ? runs.flatMap((run) => (unspaced.test(run) ? [...segmenter.segment(run)].map(({ segment }) => segment) : [run]))
    : runs;
  return words.length <= WORDS_MAX ? words : [...words.slice(0, WORDS_MAX / 2), ...words.slice(-WORDS_MAX / 2)];
}

/** Scripts that put no spaces between words. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const segmenter = new Intl.Segmenter('und', { granularity: 'word' });
