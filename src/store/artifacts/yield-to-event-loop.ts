import { setImmediate } from 'node:timers/promises';

const TURN_MS = 50;

/**
 * Lets the event loop run now and then: a loop over records in memory never yields on its own, and a long one would keep
 * timers, heartbeats among them, waiting until its end.
 */
export function turnTaker(): { isDue(): boolean; pass(): Promise<void> } {
  let sinceMs = performance.now();
  return {
    isDue: () => performance.now() - sinceMs > TURN_MS,
    pass: async () => {
      await setImmediate();
      sinceMs = performance.now();
    },
  };
}
