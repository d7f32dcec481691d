import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { killTree } from './processes';

export interface Started {
  readonly pid: number;
  readonly ended: Promise<number | null>;
  output(): string;
}

/** A machine of a test: what is started on it reaches the others through a network that can be cut. */
export interface Host {
  readonly name: string;
  readonly address: string;
  /** What stands before a command that shall run here and still belong to the test. */
  readonly within: readonly string[];
  /** Starts a command as on a machine of its own: other process numbers, another host name. */
  start(command: readonly string[], environment: Readonly<Record<string, string>>): Started;
  /** Everything that was started here dies at once, as when the power goes. */
  kill(): Promise<void>;
  /** Nothing leaves or reaches the machine until it is reconnected; nobody is told. */
  cut(): void;
  reconnect(): void;
  said(): string;
}

export interface Hosts {
  /** `namespaces`, or `processes` where this machine does not let them be made. */
  readonly kind: 'namespaces' | 'processes';
  /** Where the test itself is reached by its hosts. */
  readonly address: string;
  readonly host: Readonly<Record<string, Host>>;
  /** The last that every command said, for a test that fails. */
  said(): string;
  remove(): Promise<void>;
}

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });

/**
 * Machines as network namespaces on a bridge, each with an address of its own. Without the privileges for that they are
 * groups of processes on 127.0.0.1, and to cut one off is to freeze it: the others see the same.
 */
export function makeHosts(names: readonly string[]): Hosts {
  try {
    return makeNamespaces(names);
  } catch (error) {
    process.stdout.write(`no network namespaces here (${(error as Error).message.trim()}): hosts are processes\n`);
    return makeProcesses(names);
  }
}

function makeNamespaces(names: readonly string[]): Hosts {
  const tag = randomBytes(2).toString('hex');
  const bridge = `tut-${tag}`;
  const subnet = `10.${100 + (Number.parseInt(tag.slice(0, 2), 16) % 100)}.${Number.parseInt(tag.slice(2), 16)}`;
  const undo: (() => void)[] = [];
  const removeAll = () => {
    for (const step of undo.splice(0).reverse()) {
      step();
    }
  };
  try {
    ip('link', 'add', bridge, 'type', 'bridge');
    undo.push(() => ip('link', 'del', bridge));
    ip('addr', 'add', `${subnet}.1/24`, 'dev', bridge);
    ip('link', 'set', bridge, 'up');
    const hosts = names.map((name, index) => {
      const namespace = `tut-${tag}-${name}`;
      const link = `tut-${tag}${index}`;
      const address = `${subnet}.${index + 2}`;
      ip('netns', 'add', namespace);
      undo.push(() => ip('netns', 'del', namespace));
      ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
      ip('link', 'set', link, 'master', bridge, 'up');
      ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
      ip('-n', namespace, 'link', 'set', 'eth0', 'up');
      ip('-n', namespace, 'link', 'set', 'lo', 'up');
      const within = ['ip', 'netns', 'exec', namespace];
      return hostOf({
        name,
        address,
        within,
        apart: [...within, 'unshare', '--uts', '--pid', '--fork', '--kill-child', '--mount-proc', ...named(name)],
        cut: () => ip('link', 'set', link, 'down'),
        reconnect: () => ip('link', 'set', link, 'up'),
      });
    });
    return assemble('namespaces', `${subnet}.1`, hosts, removeAll);
  } catch (error) {
    removeAll();
    throw error;
  }
}

/** A host name of its own, then the command. */
const named = (name: string) => ['sh', '-c', 'hostname "$0"; exec "$@"', name];

function makeProcesses(names: readonly string[]): Hosts {
  const hosts = names.map((name) => {
    const signalAll = (signal: NodeJS.Signals) => () => {
      for (const pid of host.pids()) {
        process.kill(pid, signal);
      }
    };
    const host = hostOf({
      name,
      address: '127.0.0.1',
      within: [],
      apart: [],
      cut: signalAll('SIGSTOP'),
      reconnect: signalAll('SIGCONT'),
    });
    return host;
  });
  return assemble('processes', '127.0.0.1', hosts, () => {});
}

function assemble(kind: Hosts['kind'], address: string, hosts: readonly Host[], removeAll: () => void): Hosts {
  return {
    kind,
    address,
    host: Object.fromEntries(hosts.map((host) => [host.name, host])),
    said: () => hosts.map((host) => host.said()).join('\n'),
    remove: async () => {
      for (const host of hosts) {
        await host.kill();
      }
      removeAll();
    },
  };
}

function hostOf(parts: Pick<Host, 'name' | 'address' | 'within' | 'cut' | 'reconnect'> & { apart: readonly string[] }) {
  const { apart, ...host } = parts;
  let begun: Started[] = [];

  function start(command: readonly string[], environment: Readonly<Record<string, string>>): Started {
    const [program, ...args] = [...apart, ...command] as [string, ...string[]];
    const child = spawn(program, args, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (part: Buffer) => {
        said += part.toString();
      });
    }
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const started = { pid: child.pid as number, ended, output: () => said };
    begun.push(started);
    return started;
  }

  return {
    ...host,
    start,
    said: () => begun.map((started) => `${parts.name}: ${started.output().slice(-1500)}`).join('\n'),
    pids: () => begun.map(({ pid }) => pid),
    kill: async () => {
      const dying = begun;
      begun = [];
      for (const { pid } of dying) {
        killTree(pid);
      }
      await Promise.all(dying.map(({ ended }) => ended));
    },
  };
}
