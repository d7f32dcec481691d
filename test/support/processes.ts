import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** What the process table says of one process; Linux only, as the tests that read it. */
export interface ListedProcess {
  readonly pid: number;
  readonly parent: number;
  /** Its arguments, joined by spaces. */
  readonly command: string;
}

/** Every living process, zombies left out. */
export function listProcesses(): ListedProcess[] {
  return pids().flatMap((pid) => {
    const stat = read(`/proc/${pid}/stat`);
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === undefined || state === 'Z' || state === 'X' || stat === '') {
      return [];
    }
    return [{ pid, parent: Number(parent), command: read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim() }];
  });
}

/** The process and all that descend from it, parents first. */
export function processTree(root: number): ListedProcess[] {
  const all = listProcesses();
  const tree = all.filter(({ pid }) => pid === root);
  for (const member of tree) {
    tree.push(...all.filter(({ parent }) => parent === member.pid));
  }
  return tree;
}

/** SIGKILL to the process and everything below it, at once: no member gets the time to mourn another. */
export function killTree(root: number): ListedProcess[] {
  const tree = processTree(root);
  for (const { pid } of tree) {
    kill(pid);
  }
  return tree;
}

/** Processes, this one apart, that carry the workspace's path in their command line or environment (TUTELAGE_HOME). */
export function processesOf(workspace: string): ListedProcess[] {
  return listProcesses().filter(
    ({ pid, command }) =>
      pid !== process.pid && (command.includes(workspace) || read(`/proc/${pid}/environ`).includes(workspace)),
  );
}

/** Waits until no process of the workspace is left; a process that is still there after `withinMs` fails the test. */
export async function expectNothingLeftOf(workspace: string, withinMs = 20_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  let left = processesOf(workspace);
  while (left.length > 0 && Date.now() < deadline) {
    await delay(50);
    left = processesOf(workspace);
  }
  expect(left).toEqual([]);
}

/** Waits until a condition holds, for things that happen in other processes. */
export async function until(holds: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() >= deadline) {
      throw new Error(`did not come true within ${withinMs} ms: ${holds}`);
    }
    await delay(20);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
      throw error;
    }
  }
}

const pids = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/** Empty where the process has ended meanwhile, or is somebody else's. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
