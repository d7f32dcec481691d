/**
 * ROUGE-L (Lin 2004): the F-measure of the longest common subsequence of two texts' words, from 0 to 1. The words are
 * compared by their numbers in the index.
 */
export function rougeL(left: ArrayLike<number>, right: ArrayLike<number>): number {
  const total = left.length + right.length;
  return total === 0 ? 1 : (2 * longestCommonSubsequence(left, right)) / total;
}

function longestCommonSubsequence(left: ArrayLike<number>, right: ArrayLike<number>): number {
  const row = new Uint16Array(right.length + 1);
  for (let at = 0; at < left.length; at += 1) {
    const word = left[at];
    let diagonal = 0;
    for (let index = 1; index <= right.length; index += 1) {
      const above = row[index] as number;
      const before = row[index - 1] as number;
      // biome-ignore lint/complexity/useMathMinMax: the innermost step of a search over thousands of texts; a call costs more than the rest of it
      row[index] = word === right[index - 1] ? diagonal + 1 : above > before ? above : before;
      diagonal = above;
    }
  }
  return row[right.length] as number;
}
