import { rm } from 'node:fs/promises';
import { holdCheckpoint, type SharedCheckpoints } from '../store/jobs/shared-checkpoints';

/**
 * After sending a checkpoint, the sender pauses for this multiple of the time it took. A small model's is sent whenever the
 * engine writes one, which is every minute; a large one's takes at most a fifth of the time, so that disk and network
 * are left to the training. A machine that dies loses at most a minute and five times what sending takes.
 */
const REST_FACTOR = 4;

/** A job that is stopped has this long to send its newest checkpoint. */
const LAST_WORDS_MS = 20_000;

export interface CheckpointSender {
  /** The engine has written the checkpoint of that step. */
  saved(step: number): void;
  /** @param how `finished`: nobody needs a checkpoint any more; `stopped`: the newest one is sent, if there is time. */
  close(how: 'finished' | 'stopped'): Promise<void>;
}

/** Sends a running job's checkpoints to the other machines, one at a time, while it runs. A failure is reported and has no other effect. */
export function checkpointSender(options: {
  readonly checkpoints: SharedCheckpoints;
  readonly hash: string;
  readonly directory: string;
  readonly onFailure: (step: number, error: Error) => void;
}): CheckpointSender {
  const { checkpoints, hash, directory, onFailure } = options;
  const abort = new AbortController();
  let sending: Promise<void> | undefined;
  let [newest, sent, restUntilMs] = [-1, -1, 0];

  async function send(step: number): Promise<void> {
    const startedMs = Date.now();
    try {
      const held = await holdCheckpoint(directory, step);
      if (held !== null) {
        await checkpoints
          .keep(hash, { step, directory: held.path }, abort.signal)
          .finally(() => rm(held.path, { recursive: true, force: true }));
        sent = step;
      }
    } catch (error) {
      if (!abort.signal.aborted) {
        onFailure(step, error as Error);
      }
    } finally {
      restUntilMs = Date.now() + REST_FACTOR * (Date.now() - startedMs);
      sending = undefined;
    }
  }

  return {
    saved: (step) => {
      newest = step;
      if (sending === undefined && Date.now() >= restUntilMs) {
        sending = send(step);
      }
    },
    close: async (how) => {
      if (how === 'finished') {
        abort.abort();
      }
      const lastWords = async () => {
        await sending;
        if (newest > sent && !abort.signal.aborted) {
          await send(newest);
        }
      };
      await withinTime(lastWords(), abort);
    },
  };
}

async function withinTime(work: Promise<void>, abort: AbortController): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeIsUp = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      abort.abort();
      resolve();
    }, LAST_WORDS_MS);
  });
  await Promise.race([work, timeIsUp]);
  clearTimeout(timer);
}
