import { isatty } from 'node:tty';

const terminals = [0, 1, 2].filter((fd) => isatty(fd));

/**
 * Ends this process. Node crashes when it exits and cannot restore the settings of a terminal that was closed meanwhile;
 * such a process ends by SIGHUP, as one that does not handle the signal.
 */
export function endProcess(exitCode = process.exitCode): never {
  if (terminals.some((fd) => !isatty(fd))) {
    process.removeAllListeners('SIGHUP');
    process.kill(process.pid, 'SIGHUP');
  }
  process.exit(exitCode);
}
