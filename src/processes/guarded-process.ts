import { type ChildProcess, spawn } from 'node:child_process';
import { Writable } from 'node:stream';

/**
 * A shell that leaves a watcher behind and becomes the command, so the command's process number is the child's own. The
 * watcher ends the command's process group when the lifeline on descriptor 0 closes, which the system does when its last
 * holder is gone, however it went: SIGTERM, and SIGKILL a second later, which all that runs here survives (the server's
 * database is made for it, a broken installation is made anew). Nobody ever writes into a lifeline.
 */
const guardian = (input: string) => `
command=$$
exec 3<&0
{
  trap '' TERM INT HUP
  read -r _
  exec 0</dev/null
  kill -s TERM -- "-$command"
  waited=0
  while kill -0 "$command" && [ "$waited" -lt 10 ]; do sleep 0.1; waited=$((waited + 1)); done
  kill -s KILL -- "-$command"
} <&3 3<&- 4<&- >/dev/null 2>&1 &
exec "$@" ${input} 3<&- 4<&-
`;

export interface GuardedOptions {
  /** Where the lifeline's reading end is; `pipe` makes one that this process alone holds. */
  readonly lifeline: number | 'pipe';
  /** `pipe`: what the command reads, as `inputOf` the child; by default it reads nothing. */
  readonly input?: 'pipe';
  readonly stdout: number | 'pipe';
  readonly stderr: number | 'pipe';
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** Starts a command, in a process group of its own, that does not outlive the holders of its lifeline. */
export function spawnGuarded(command: string, args: readonly string[], options: GuardedOptions): ChildProcess {
  const isFed = options.input === 'pipe';
  return spawn('/bin/sh', ['-c', guardian(isFed ? '<&4' : '</dev/null'), 'guardian', command, ...args], {
    detached: true,
    stdio: [options.lifeline, options.stdout, options.stderr, ...(isFed ? (['ignore', 'pipe'] as const) : [])],
    env: options.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
}

/** Where a child that was started with `input: 'pipe'` is fed. */
export const inputOf = (child: ChildProcess): Writable | null => {
  const input = child.stdio[INPUT_DESCRIPTOR];
  return input instanceof Writable ? input : null;
};

const INPUT_DESCRIPTOR = 4;
