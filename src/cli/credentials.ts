import { credentialNames } from '../core/config/credential-names';
import { judgeOf } from '../core/config/judge-of';
import type { RunConfig, TeacherConfig } from '../core/config/schema';
import { TutelageError } from '../core/errors';
import { measurementsOf } from '../core/strategies';
import { graderKind } from '../core/tasks/grader-kind';
import { addKnownHosts, knownHosts } from '../store/known-hosts';
import type { Workspace } from '../store/workspace';
import { extraHeaders } from '../teacher/extra-headers';
import { keyOf } from '../teacher/key';
import { endpointOf, openaiBaseUrl } from '../teacher/request';
import { confirm } from './confirm';

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment variables with the keys and secret headers of a file's runs, in the order in which they are needed. */
export function keyNames(configs: readonly RunConfig[]): string[] {
  return [...new Set(configs.flatMap(calledEndpoints).flatMap(credentialNames))];
}

/**
 * Checks for keys and headers before any work starts.
 * @throws TutelageError `missing` for the first one that is not in the environment
 */
export function requireKeys(configs: readonly RunConfig[], environment: Environment = process.env): void {
  for (const endpoint of configs.flatMap(calledEndpoints)) {
    keyOf(endpoint, environment);
    extraHeaders(endpoint, environment);
  }
}

/** A variable whose value the runs of a file send to a host. */
export interface Destination {
  readonly variable: string;
  /** With its port, where the address has one. */
  readonly host: string;
}

/** Which variable goes to which host, each pair once. */
export function destinationsOf(configs: readonly RunConfig[]): Destination[] {
  const all = configs.flatMap(calledEndpoints).flatMap((endpoint) => {
    const { host } = new URL(endpointOf(endpoint));
    return credentialNames(endpoint).map((variable) => ({ variable, host }));
  });
  return [...new Map(all.map((one) => [`${one.variable} ${one.host}`, one])).values()];
}

export const destinationLine = ({ variable, host }: Destination): string => `sends ${variable} to ${host}`;

/** Those whose host nobody has agreed to yet in this workspace. OpenAI's own key may go to OpenAI. */
export async function newDestinations(
  workspace: Pick<Workspace, 'root'>,
  destinations: readonly Destination[],
): Promise<Destination[]> {
  const known = await knownHosts(workspace);
  return destinations.filter(
    ({ variable, host }) => !known.includes(host) && !(variable === 'OPENAI_API_KEY' && host === openaiHost),
  );
}

const openaiHost = new URL(openaiBaseUrl).host;

/**
 * A configuration from somebody else can name any variable and any address. So a person agrees to each host once in a
 * workspace, at the terminal or with `--yes`.
 * @throws TutelageError `usage` where nobody agreed
 */
export async function confirmHosts(
  workspace: Workspace,
  configs: readonly RunConfig[],
  { yes }: { readonly yes: boolean },
): Promise<void> {
  const asked = await newDestinations(workspace, destinationsOf(configs));
  if (asked.length === 0) {
    return;
  }
  const hosts = [...new Set(asked.map(({ host }) => host))];
  const variablesFor = (host: string) => asked.filter((one) => one.host === host).map(({ variable }) => variable);
  const what = `sends ${hosts.map((host) => `${variablesFor(host).join(' and ')} to ${host}`).join(', and ')}`;
  if (!yes && !(await confirm(`This configuration ${what}, and nobody has agreed to that in this workspace. Agree?`))) {
    throw new TutelageError(
      'usage',
      `nothing was sent: the configuration ${what}, and nobody has agreed to that in this workspace`,
      'if that is what you want, repeat the command with --yes; it is asked once for each host',
    );
  }
  await addKnownHosts(workspace, hosts);
}

/** The endpoints that a run calls: the teacher, and the judge where the strategy or the task needs grades. */
function calledEndpoints(config: RunConfig): TeacherConfig[] {
  const isGraded = measurementsOf(config.strategy).measurement === 'grades' || graderKind(config.task) === 'judge';
  return [config.teacher, ...(isGraded ? [judgeOf(config)] : [])].filter(({ provider }) => provider !== 'offline');
}
