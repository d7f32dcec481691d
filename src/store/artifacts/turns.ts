import { setImmediate } from 'node:timers/promises';

const TURN_MS = 50;

/**
 * Lets others have their turn, now and then: records that are at hand are taken one after the other without a pause, and
 * who looks long at each would keep timers, heartbeats among them, waiting until the last.
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
