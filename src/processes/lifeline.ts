import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, rmSync } from 'node:fs';

/**
 * A named pipe whose writing end every user of a shared process holds open. The reader sees its end when the last of them
 * is gone, which the system notices for the killed as well. Nothing is ever written into it.
 */
export interface NewLifeline {
  /** For the guardian's standard input; to be closed here once the guardian has it. */
  readonly reader: number;
  /** This process's file descriptor of the writing end; closing it releases the lifeline. */
  readonly hold: number;
}

/** Makes a fresh lifeline at `path`; holders of an older one there keep holding that one, which nobody else can find. */
export function createLifeline(path: string): NewLifeline {
  rmSync(path, { force: true });
  execFileSync('mkfifo', ['-m', '600', path], { stdio: 'ignore' });
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const hold = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  return { reader, hold };
}

/** Opens the lifeline at `path`; undefined when no guardian listens at its other end. */
export function holdLifeline(path: string): number | undefined {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENXIO' || code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

export function releaseLifeline(hold: number): void {
  closeSync(hold);
}
