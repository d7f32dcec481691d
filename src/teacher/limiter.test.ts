import { Limiter } from './limiter';

const limits = { parallelMax: 64, requestsPerMinute: null, tokensPerMinute: null };

/** Where the limit settles when every n-th reply is a 429. */
function settlesAt(everyNth: number): number {
  const limiter = new Limiter(limits);
  for (let reply = 1; reply <= 2000; reply += 1) {
    if (reply % everyNth === 0) {
      limiter.throttled();
    } else {
      limiter.answered();
    }
  }
  return limiter.parallelNow;
}

test('one 429 in twenty does not slow it down, one in two does', () => {
  expect(settlesAt(20)).toBeGreaterThan(55);
  expect(settlesAt(2)).toBeLessThan(8);
});

test('no more are let in at once than the limit says, and the next comes when one leaves', async () => {
  const limiter = new Limiter({ ...limits, parallelMax: 2 });
  await limiter.sending.take();
  await limiter.sending.take();
  let third = false;
  const waiting = limiter.sending.take().then(() => {
    third = true;
  });
  await Promise.resolve();
  expect(third).toBe(false);
  limiter.sending.free();
  await waiting;
  expect(third).toBe(true);
});

test('requests a minute are spread', async () => {
  const limiter = new Limiter({ ...limits, requestsPerMinute: 60 });
  const signal = new AbortController().signal;
  // Two seconds' worth may come at once.
  await limiter.pace(1, signal);
  await limiter.pace(1, signal);
  const aborted = new AbortController();
  await limiter.pace(1, signal);
  const fourth = limiter.pace(1, aborted.signal);
  aborted.abort();
  await expect(fourth).rejects.toThrow();
});
