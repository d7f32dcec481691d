import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** Files of a data set on the Hugging Face hub, as `hf://datasets/OWNER/NAME@REVISION/PATH` names them. */
export interface HubData {
  readonly repository: string;
  readonly revision: string;
  /** A file, a folder or a glob within the repository; empty: everything. */
  readonly path: string;
}

const form = /^hf:\/\/datasets\/([\w.-]+\/[\w.-]+)(?:@([\w.-]+))?(?:\/(.*))?$/;

export const isHubPath = (path: string): boolean => path.startsWith('hf:');

/** `null` for what is not of that form, or leads out of the repository. */
export function hubDataOf(path: string): HubData | null {
  const [, repository, revision = 'main', inside = ''] = form.exec(path) ?? [];
  return repository === undefined || repository.split('/').includes('..') || inside.split('/').includes('..')
    ? null
    : { repository, revision, path: inside.replace(/\/+$/, '') };
}

/** Where its files are kept below the workspace's folder of data sets. */
export function hubFolder(datasets: string, { repository, revision, path }: HubData): string {
  const key = createHash('sha256').update(`${repository}\n${revision}\n${path}`).digest('hex').slice(0, 12);
  return join(datasets, 'hub', `${repository.replace('/', '--')}-${key}`);
}
