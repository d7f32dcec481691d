import { endProcess } from './end-process';
import { exitCodes } from './exit-codes';

/** One Ctrl-C may arrive twice: from the terminal, and forwarded by npm, which is in the same process group. */
const ONE_KEYPRESS_MS = 700;

export interface Interruption {
  /** Resolves at the first Ctrl-C (or SIGTERM, or a closed terminal). */
  readonly asked: Promise<'interrupted'>;
  /** Restores the default handling of the signals. */
  done(): void;
}

/**
 * The first signal asks for an orderly stop: checkpoints are saved, answers in flight arrive. The second ends the process
 * at once, which is safe too; engines and server notice that it is gone and end themselves.
 *
 * SIGHUP means that the terminal was closed. A process without a terminal, such as one under `nohup`, ignores it. (Whether
 * the signal was ignored when the process started cannot be known: Node resets it.)
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
      endProcess(exitCodes.interrupted);
    }
  };
  const handlers = [
    ['SIGINT', onSignal],
    ['SIGTERM', onSignal],
    ['SIGHUP', hasTerminal() ? onSignal : () => {}],
  ] as const;
  for (const [signal, handler] of handlers) {
    process.on(signal, handler);
  }
  return {
    asked,
    done: () => {
      for (const [signal, handler] of handlers) {
        process.off(signal, handler);
      }
    },
  };
}

/** `isTTY` is undefined for streams that are not terminals. */
const hasTerminal = () => [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY === true);
