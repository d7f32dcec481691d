/**
 * ROUGE-L (Lin 2004): the F-measure of the longest common subsequence of two texts' words, from 0 to 1. The words are
 * compared as numbers, which `wordNumbers` gives.
 */
export function rougeL(left: readonly number[], right: readonly number[]): number {
  const total = left.length + right.length;
  return total === 0 ? 1 : (2 * longestCommonSubsequence(left, right)) / total;
}

function longestCommonSubsequence(left: readonly number[], right: readonly number[]): number {
  const row = new Uint16Array(right.length + 1);
  for (const word of left) {
    let diagonal = 0;
    for (let index = 1; index <= right.length; index += 1) {
      const above = row[index] as number;
      row[index] = word === right[index - 1] ? diagonal + 1 : Math.max(above, row[index - 1] as number);
      diagonal = above;
    }
  }
  return row[right.length] as number;
}
