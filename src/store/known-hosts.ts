import { join } from 'node:path';
import { z } from 'zod';
import { TutelageError } from '../core/errors';
import { readJsonFile, type Workspace, writeFileAtomically } from './workspace';

/** `hosts.json`: the hosts, with their ports, that a person has agreed to send variables to from this workspace. */
const schema = z.array(z.string());

const fileOf = ({ root }: Pick<Workspace, 'root'>) => join(root, 'hosts.json');

/** @throws TutelageError `damaged` where the file holds something else */
export async function knownHosts(workspace: Pick<Workspace, 'root'>): Promise<readonly string[]> {
  const file = fileOf(workspace);
  const parsed = schema.safeParse(
    await readJsonFile(file).then(
      (hosts) => hosts ?? [],
      () => null,
    ),
  );
  if (!parsed.success) {
    throw new TutelageError(
      'damaged',
      `${file} is not a list of hosts`,
      'remove it: you are asked about each host again',
    );
  }
  return parsed.data;
}

export async function addKnownHosts(workspace: Workspace, hosts: readonly string[]): Promise<void> {
  const all = [...new Set([...(await knownHosts(workspace)), ...hosts])].sort();
  await writeFileAtomically(fileOf(workspace), `${JSON.stringify(all)}\n`);
}
