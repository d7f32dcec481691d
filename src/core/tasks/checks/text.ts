import { rougeL } from '../../hygiene/rouge-l';
import { asRead, judged, unanswered, unmeasured } from '../task';
import type { AnswerCheck } from './check';
import { chrF } from './chrf';

export const textMeasures = ['exact', 'contains', 'token-f1', 'rouge-l', 'chrf'] as const;

export interface TextOptions {
  readonly measure: (typeof textMeasures)[number];
  /** The similarity from which an answer is right; not for `exact` and `contains`. Without one, it is the score. */
  readonly at_least?: number | undefined;
}

/** A text as long as this is compared by its beginning. */
const WORDS_MAX = 2000;

/** Where only right and wrong are distinguished, an answer without a threshold is right from this similarity. */
const RIGHT_FROM = 0.5;

/**
 * Whole answers in free text. `exact`: the same words in the same order. `contains`: the reference is in the answer, as
 * whole words. `token-f1`: F1 of the words that both have, as in SQuAD (Rajpurkar et al. 2016). `rouge-l`: F-measure of the
 * longest common subsequence of words (Lin 2004). `chrf`: F2 of the character n-grams that both have (Popović 2015).
 */
export function textCheck({ measure, at_least }: TextOptions): AnswerCheck {
  const isGraded = measure !== 'exact' && measure !== 'contains';
  const atLeast = isGraded ? (at_least ?? RIGHT_FROM) : 1;
  const readable = (text: string) =>
    wordsOf(text).length === 0
      ? { ok: false as const, reason: 'has no words' }
      : { ok: true as const, value: text.trim() };
  return {
    readReference: readable,
    readAnswer: readable,
    grade: (reference, answer) => {
      const [right, said] = [wordsOf(reference), wordsOf(answer)];
      if (said.length === 0) {
        return unanswered;
      }
      if (right.length === 0) {
        return unmeasured('the reference has no words');
      }
      const similarity = similarities[measure](right, said, reference, answer);
      const verdict = asRead(judged(answer.trim(), similarity >= atLeast));
      return isGraded && at_least === undefined ? { ...verdict, score: similarity } : verdict;
    },
    secondOpinion: null,
  };
}

type Words = readonly string[];

const similarities: Readonly<
  Record<(typeof textMeasures)[number], (right: Words, said: Words, reference: string, answer: string) => number>
> = {
  exact: (right, said) => Number(right.join(' ') === said.join(' ')),
  contains: (right, said) => Number(isIn(right, said)),
  'token-f1': tokenF1,
  'rouge-l': wordRougeL,
  chrf: (_right, _said, reference, answer) => chrF(withoutThinking(reference), withoutThinking(answer)),
};

function tokenF1(reference: readonly string[], answer: readonly string[]): number {
  const left = new Map<string, number>();
  for (const word of reference) {
    left.set(word, (left.get(word) ?? 0) + 1);
  }
  let shared = 0;
  for (const word of answer) {
    const count = left.get(word) ?? 0;
    if (count > 0) {
      shared += 1;
      left.set(word, count - 1);
    }
  }
  return (2 * shared) / (reference.length + answer.length);
}

function wordRougeL(reference: readonly string[], answer: readonly string[]): number {
  const numbers = new Map<string, number>();
  const numbered = (words: readonly string[]) =>
    words.map((word) => {
      const number = numbers.get(word) ?? numbers.size;
      numbers.set(word, number);
      return number;
    });
  return rougeL(numbered(reference), numbered(answer));
}

function isIn(reference: readonly string[], answer: readonly string[]): boolean {
  return ` ${answer.join(' ')} `.includes(` ${reference.join(' ')} `);
}

/** Words without case and punctuation; in scripts without spaces, each character. */
function wordsOf(text: string): string[] {
  const plain = withoutThinking(text).normalize('NFKC').toLowerCase();
  const words = plain.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return words.slice(0, WORDS_MAX);
}

/** What stands behind the last end of a think block. */
function withoutThinking(text: string): string {
  const ends = ['</think>', '</thinking>'].map((tag) => {
    const start = text.lastIndexOf(tag);
    return start < 0 ? 0 : start + tag.length;
  });
  return text.slice(Math.max(...ends));
}
