import { exitCodes } from './exit-codes';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** One Ctrl-C may arrive twice: from the terminal, and passed on by npm, which is in the same process group. */
const ONE_KEYPRESS_MS = 700;

export interface Interruption {
  /** Resolves at the first Ctrl-C (or SIGTERM, or a closed terminal). */
  readonly asked: Promise<'interrupted'>;
  /** Gives the signals back. */
  done(): void;
}

/**
 * The first signal asks for rest: checkpoints are saved, answers in flight are let come in. The second ends the process
 * at once, which is safe too; engines and server notice that it is gone and end themselves.
 */
export function interruption(): Interruption {
  let firstMs: number | undefined;
  let resolve: (value: 'interrupted') => void;
  const asked = new Promise<'interrupted'>((fulfil) => {
    resolve = fulfil;
  });
  const onSignal = () => {
    if (firstMs === undefined) {
      firstMs = Date.now();
      resolve('interrupted');
    } else if (Date.now() - firstMs > ONE_KEYPRESS_MS) {
      process.exit(exitCodes.interrupted);
    }
  };
  for (const signal of SIGNALS) {
    process.on(signal, onSignal);
  }
  return {
    asked,
    done: () => {
      for (const signal of SIGNALS) {
        process.off(signal, onSignal);
      }
    },
  };
}
