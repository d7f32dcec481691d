/** A point at which a fake step waits until the test lets it pass. */
export interface Gate {
  /** Settles when somebody stands before the gate. */
  readonly reached: Promise<void>;
  open(): void;
  /** To be awaited by the step. */
  pass(): Promise<void>;
}

export function createGate(): Gate {
  let reach = () => {};
  let open = () => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    reached,
    open: () => open(),
    pass: () => {
      reach();
      return opened;
    },
  };
}

/** Never settles, unless the signal aborts: what a step does that saves its work when it is cancelled. */
export function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
