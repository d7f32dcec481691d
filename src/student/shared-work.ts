/** A piece of work under way, with those who wait for it. */
interface Entry<Result, Progress> {
  readonly result: Promise<Result>;
  readonly abort: AbortController;
  readonly listeners: Set<(progress: Progress) => void>;
  callers: number;
}

type Perform<Result, Progress> = (signal: AbortSignal, onProgress: (progress: Progress) => void) => Promise<Result>;

/**
 * Work that is done once for all who ask for it under one key at the same time. Whoever is cancelled leaves the others
 * uninterrupted; the last one to be cancelled cancels the work, and waits until it has stopped.
 */
export class SharedWork<Result, Progress> {
  private readonly entries = new Map<string, Entry<Result, Progress>>();

  /** @throws the signal's reason, or what the work throws. */
  async run(
    key: string,
    perform: Perform<Result, Progress>,
    caller: { signal?: AbortSignal; onProgress?: (progress: Progress) => void },
  ): Promise<Result> {
    for (;;) {
      caller.signal?.throwIfAborted();
      const entry = this.entries.get(key) ?? this.start(key, perform);
      if (!entry.abort.signal.aborted) {
        return attend(entry, caller.signal, caller.onProgress);
      }
      // All its callers left and it is stopping; this caller is late and starts it again.
      await entry.result.catch(() => {});
    }
  }

  /** Settles when all that is under way now has ended, one way or the other. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.entries.values()].map(({ result }) => result));
  }

  private start(key: string, perform: Perform<Result, Progress>): Entry<Result, Progress> {
    const abort = new AbortController();
    const listeners = new Set<(progress: Progress) => void>();
    const tell = (progress: Progress) => {
      for (const listener of listeners) {
        listener(progress);
      }
    };
    const result = perform(abort.signal, tell).finally(() => this.entries.delete(key));
    const entry: Entry<Result, Progress> = { result, abort, listeners, callers: 0 };
    this.entries.set(key, entry);
    return entry;
  }
}

async function attend<Result, Progress>(
  entry: Entry<Result, Progress>,
  signal: AbortSignal | undefined,
  onProgress: ((progress: Progress) => void) | undefined,
): Promise<Result> {
  entry.callers += 1;
  // A function of its own for each caller: two callers may listen with the same one.
  const listener = (progress: Progress) => onProgress?.(progress);
  entry.listeners.add(listener);
  let leave = () => {};
  const left = new Promise<never>((_, reject) => {
    leave = () => {
      entry.callers -= 1;
      if (entry.callers === 0) {
        entry.abort.abort(signal?.reason);
      } else {
        reject(signal?.reason);
      }
    };
  });
  signal?.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([entry.result, left]);
  } finally {
    signal?.removeEventListener('abort', leave);
    entry.listeners.delete(listener);
  }
}
