import { spawn } from 'node:child_process';

/** Opens a file or an address in the default browser. Where there is none (over ssh), its path is printed. */
export async function openInBrowser(target: string): Promise<void> {
  const command = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(command, [target], { detached: true, stdio: 'ignore' });
  // The command line exits right after this, which would lose an error that has not been reported yet.
  const problem = await new Promise<Error | null>((resolve) => {
    child.once('spawn', () => resolve(null));
    child.once('error', resolve);
  });
  if (problem !== null) {
    process.stderr.write(`no browser could be opened (${command}: ${problem.message}): ${target}\n`);
  }
  child.unref();
}
