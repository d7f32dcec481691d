import { Limiter } from './limiter';

const limits = { parallelMax: 64, requestsPerMinute: null, tokensPerMinute: null };

/** Where the limit settles when every n-th reply is a 429. */
function settlesAt(everyNth: number): number {
  const limiter = new Limiter(limits);
  for (let reply = 1; reply <= 2000; reply += 1) {
    if (reply % everyNth === 0) {
      limiter.throttled(null, reply);
    } else {
      limiter.answered(100, reply);
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

test('latency well above its floor takes requests away, and they come back with it', () => {
  const limiter = new Limiter(limits);
  let nowMs = 0;
  const answers = (count: number, latencyMs: number) => {
    for (let reply = 0; reply < count; reply += 1) {
      nowMs += 10;
      limiter.answered(latencyMs, nowMs);
    }
    return limiter.parallelNow;
  };
  expect(answers(100, 200)).toBe(64);
  expect(answers(100, 400)).toBe(64);
  const slowed = answers(300, 1500);
  expect(slowed).toBeLessThan(48);
  expect(slowed).toBeGreaterThanOrEqual(8);
  expect(answers(300, 200)).toBe(64);
});

test('while several purchases are at work the strictest of their limits hold', () => {
  const limiter = new Limiter(limits);
  const leave = limiter.join({ ...limits, parallelMax: 10 });
  const leaveStrict = limiter.join({ ...limits, parallelMax: 3 });
  expect(limiter.parallelNow).toBe(3);
  leaveStrict();
  expect(limiter.parallelNow).toBe(10);
  leave();
  expect(limiter.parallelNow).toBe(64);
});

test('a row of 429s is a rate limit: everyone pauses once, and what was answered in the last minute is known', async () => {
  const limiter = new Limiter(limits);
  const now = Date.now();
  for (let reply = 0; reply < 30; reply += 1) {
    limiter.answered(100, now);
  }
  for (let reply = 0; reply < 7; reply += 1) {
    limiter.throttled(null, now);
  }
  expect(limiter.pauseMs()).toBeLessThan(0);
  limiter.throttled(5000, now);
  expect(limiter.pauseMs()).toBeGreaterThan(4000);
  expect(limiter).toMatchObject({ answersInLastMinute: 30, isAnswering: true });
});
