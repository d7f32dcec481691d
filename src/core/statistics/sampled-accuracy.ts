import type { EvaluatedAnswer } from '../records';
import type { MeasuredShare, SampledEvaluation } from '../run-record';
import { meanScore } from './mean-score';

/** Verdict and reading of one sampled answer. */
export type Sample = Pick<EvaluatedAnswer, 'correct' | 'verdict' | 'readAs'>;

/**
 * Mean, pass@k and majority of several sampled answers to each question. Answers to one question resemble each other, so
 * the intervals count questions: each question is one observation, a share from 0 to 1. An answer that could not be
 * measured does not count; nor does a question without any other.
 *
 * @param questions the samples of each question, in the order in which they were drawn
 */
export function sampledAccuracy(
  questions: readonly (readonly Sample[])[],
): Pick<SampledEvaluation, 'questions' | 'mean' | 'passAt' | 'majority'> {
  const measured = questions
    .map((samples) => samples.filter(({ verdict }) => verdict !== 'unmeasured'))
    .filter((samples) => samples.length > 0);
  const most = Math.max(1, ...measured.map((samples) => samples.length));
  const passAt = Object.fromEntries(
    powersOfTwoAnd(most).map((k) => [String(k), shareOf(measured.map((samples) => passAtK(samples, k)))]),
  );
  return {
    questions: measured.length,
    mean: shareOf(measured.map((samples) => rightOf(samples) / samples.length)),
    passAt,
    majority: shareOf(measured.map((samples) => (majorityIsRight(samples) ? 1 : 0))),
  };
}

const rightOf = (samples: readonly Sample[]) => samples.filter(({ correct }) => correct).length;

/**
 * The unbiased estimate of the probability that at least one of k answers is right, from n >= k answers of which c are:
 * 1 - C(n - c, k) / C(n, k) (Chen et al., arXiv 2107.03374, section 2.1). With fewer than k answers, of all of them.
 */
function passAtK(samples: readonly Sample[], k: number): number {
  const n = samples.length;
  const wrong = n - rightOf(samples);
  let allWrong = 1;
  for (let drawn = 0; drawn < Math.min(k, n); drawn += 1) {
    allWrong *= Math.max(0, wrong - drawn) / (n - drawn);
  }
  return 1 - allWrong;
}

/** Whether the answer read most often is right (self-consistency); of equally frequent ones the first drawn counts. */
function majorityIsRight(samples: readonly Sample[]): boolean {
  const byReading = new Map<string, { count: number; correct: boolean }>();
  for (const { readAs, correct } of samples) {
    if (readAs !== null && readAs !== undefined) {
      // Equal values in different forms agree at least in being right.
      const key = correct ? 'right' : `wrong: ${readAs}`;
      byReading.set(key, { count: (byReading.get(key)?.count ?? 0) + 1, correct });
    }
  }
  const [first] = [...byReading.values()].sort((left, right) => right.count - left.count);
  return first?.correct ?? false;
}

function shareOf(values: readonly number[]): MeasuredShare {
  const { mean: share, low, high } = meanScore(values);
  return { share, low, high };
}

function powersOfTwoAnd(most: number): number[] {
  const powers: number[] = [];
  for (let k = 1; k < most; k *= 2) {
    powers.push(k);
  }
  return [...powers, most];
}
