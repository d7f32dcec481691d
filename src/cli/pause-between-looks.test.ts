import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { beginLook, pauseAfter } from './pause-between-looks';

describe('the pause between two looks', () => {
  it('is half a second where a look was quick', () => expect(pauseAfter({ activeMs: 3, cpuMs: 5 })).toBe(500));
  it('grows with the work of a look', () => expect(pauseAfter({ activeMs: 900, cpuMs: 1200 })).toBe(3600));
  it('is ten seconds at most', () => expect(pauseAfter({ activeMs: 60_000, cpuMs: 60_000 })).toBe(10_000));
  it('does not grow with the time in which the process was stopped', () =>
    expect(pauseAfter({ activeMs: 60_000, cpuMs: 4 })).toBe(500));

  it('ends at once when the signal comes', async () => {
    const pause = beginLook();
    const before = performance.now();
    await pause(AbortSignal.timeout(5));
    expect(performance.now() - before).toBeLessThan(400);
  });

  it('is over soon after a stopped process continues', async () => {
    const script = `
      const { beginLook } = require(${JSON.stringify(require.resolve('./pause-between-looks'))});
      (async () => {
        for (;;) {
          const pause = beginLook();
          console.log('look');
          // The process is stopped while it works.
          for (const until = Date.now() + 200; Date.now() < until; ) {}
          await pause(new AbortController().signal);
        }
      })();`;
    const child = spawn(process.execPath, ['--import', 'tsx', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const looks = createInterface(child.stdout)[Symbol.asyncIterator]();
      await looks.next();
      child.kill('SIGSTOP');
      await delay(2000);
      child.kill('SIGCONT');
      const continued = performance.now();
      await looks.next();
      expect(performance.now() - continued).toBeLessThan(4000);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
