import { setTimeout as delay } from 'node:timers/promises';

/** How often a snapshot of the work is taken. */
const LOOK_EVERY_MS = 500;

/** A snapshot adds up the calls of the open runs. With millions of calls that takes a while and blocks this process. */
const PAUSE_PER_LOOK = 4;

/** However long a look took, the next one follows. */
const PAUSE_MS_MAX = 10_000;

/**
 * Begins to measure a look; the function it returns ends that and waits until the next look is due. Only work counts:
 * waiting for an answer costs nobody anything, and the time in which the process was stopped (Ctrl-Z, a frozen container,
 * a suspended laptop) was not work either.
 *
 * @returns a function that resolves early, and does not reject, when the signal aborts
 */
export function beginLook(): (signal: AbortSignal) => Promise<void> {
  const loop = performance.eventLoopUtilization();
  const cpu = process.cpuUsage();
  return async (signal) => {
    const { user, system } = process.cpuUsage(cpu);
    const pauseMs = pauseAfter({
      activeMs: performance.eventLoopUtilization(loop).active,
      cpuMs: (user + system) / 1000,
    });
    await delay(pauseMs, undefined, { signal }).catch(() => {});
  };
}

/** @param activeMs how long the event loop was not idle, stops included; `cpuMs`: what all threads computed meanwhile */
export const pauseAfter = ({ activeMs, cpuMs }: { readonly activeMs: number; readonly cpuMs: number }): number =>
  Math.min(PAUSE_MS_MAX, Math.max(LOOK_EVERY_MS, PAUSE_PER_LOOK * Math.min(activeMs, cpuMs)));
