import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { RunPlan } from '../core/config';

/** Of `tiny`. */
const TINY_BYTES = 600_000;
/** Per selected or accepted row: question, answer, scores, histories. */
const ROW_BYTES = 6_000;
/** What an adapter is of its base, at the usual ranks. */
const ADAPTER_SHARE = 0.02;
/** Weights and the two moments of the optimizer, for as long as a finetune runs. */
const CHECKPOINT_MODELS = 3;

/** Said only where it matters: below this, any disk that a run may start on has room. */
const TOLD_BYTES_MIN = 1e9;

/** Bytes that the runs will need at most; `null` where the student is not on this machine yet. */
export function diskEstimate(plans: readonly RunPlan[]): number | null {
  const bases = new Map<string, number>();
  let sum = 0;
  for (const { config, files = {} } of plans) {
    const { base, finetune } = config.student;
    const inFolder = Object.entries(files).filter(([path]) => dirname(path) === base);
    const bytes = base === 'tiny' ? TINY_BYTES : inFolder.reduce((total, [, file]) => total + file.bytes, 0);
    if (bytes === 0) {
      return null;
    }
    bases.set(base, bytes);
    const perIteration = finetune.method === 'full' ? bytes : bytes * ADAPTER_SHARE;
    const rows = config.iterations * config.samples_per_iteration * ROW_BYTES;
    sum += config.iterations * perIteration + CHECKPOINT_MODELS * perIteration + rows;
  }
  // The base is imported once for all runs.
  return [...bases.values()].reduce((total, bytes) => total + bytes, sum);
}

/** A sentence for whoever starts the runs; `null` where there is nothing to say. */
export async function diskNotice(plans: readonly RunPlan[], folder: string): Promise<string | null> {
  const estimate = diskEstimate(plans);
  const { bavail, bsize } = await statfs(folder);
  return estimate === null ? null : diskSentence(estimate, bavail * bsize);
}

const gigabytesText = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;

export function diskSentence(bytes: number, free: number): string | null {
  const room = `the runs will need up to ${gigabytesText(bytes)} of disk; ${gigabytesText(free)} are free`;
  if (bytes > free) {
    return `${room}: free some space, or name another workspace with TUTELAGE_HOME, before it is full`;
  }
  return bytes < TOLD_BYTES_MIN ? null : room;
}
