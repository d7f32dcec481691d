export interface TimeLeft {
  readonly low: number;
  readonly high: number;
}

/**
 * Seconds until a run ends, from the time of its last iteration. Some of an iteration takes as long each time (answering
 * the pool), some grows with the rows so far (finetuning on all of them): the low end takes all of it for the first kind,
 * the high end all of it for the second.
 *
 * @param iterationsDone at least 1
 * @param elapsedMs of the current iteration
 */
export function timeLeft(of: {
  readonly lastIterationMs: number;
  readonly iterationsDone: number;
  readonly iterations: number;
  readonly elapsedMs: number;
  /** Whether finetuning starts from the base, on all rows so far. */
  readonly grows: boolean;
}): TimeLeft {
  const { lastIterationMs, iterationsDone, iterations, elapsedMs, grows } = of;
  let [low, high] = [0, 0];
  for (let iteration = iterationsDone + 1; iteration <= iterations; iteration += 1) {
    low += lastIterationMs;
    high += grows ? (lastIterationMs * iteration) / iterationsDone : lastIterationMs;
  }
  const seconds = (ms: number) => Math.max(0, (ms - elapsedMs) / 1000);
  return { low: seconds(low), high: seconds(high) };
}
