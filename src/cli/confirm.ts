import { createInterface } from 'node:readline/promises';
import { rawStderr, terminalSafe } from './terminal-safe';

/** Asks at the terminal; without one, the answer is no. */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    process.stderr.write(`${question} Nobody can be asked here: repeat with --yes\n`);
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: rawStderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${terminalSafe(question)} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
