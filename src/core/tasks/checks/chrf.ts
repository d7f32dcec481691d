/** As in the paper and in sacrebleu: n-grams of up to six characters, and recall counts twice as much as precision. */
const CHARACTERS_MAX = 6;
const BETA = 2;
/** A longer text is compared by its beginning. */
const TEXT_CHARACTERS_MAX = 20_000;

/**
 * chrF (Popović 2015): the F-score of character n-grams, white space left out, averaged over n; from 0 to 1. An n for
 * which one of the texts is too short does not count (sacrebleu's effective order).
 */
export function chrF(reference: string, answer: string): number {
  const [right, said] = [reference, answer].map((text) => [
    ...text.slice(0, TEXT_CHARACTERS_MAX).replace(/\s/gu, ''),
  ]) as [string[], string[]];
  let precision = 0;
  let recall = 0;
  let orders = 0;
  for (let length = 1; length <= CHARACTERS_MAX; length += 1) {
    const rightTotal = right.length - length + 1;
    const saidTotal = said.length - length + 1;
    if (rightTotal > 0 && saidTotal > 0) {
      const shared = sharedGrams(right, said, length);
      precision += shared / saidTotal;
      recall += shared / rightTotal;
      orders += 1;
    }
  }
  if (orders === 0 || precision + recall === 0) {
    return 0;
  }
  const factor = BETA ** 2;
  return ((1 + factor) * precision * recall) / (orders * (factor * precision + recall));
}

function sharedGrams(right: readonly string[], said: readonly string[], length: number): number {
  const counts = new Map<string, number>();
  for (let start = 0; start + length <= right.length; start += 1) {
    const gram = right.slice(start, start + length).join('');
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  let shared = 0;
  for (let start = 0; start + length <= said.length; start += 1) {
    const gram = said.slice(start, start + length).join('');
    const left = counts.get(gram) ?? 0;
    if (left > 0) {
      shared += 1;
      counts.set(gram, left - 1);
    }
  }
  return shared;
}
