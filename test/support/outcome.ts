import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A run's `results.json` without the times and the list of lost calls, which alone a crash may change. */
export async function outcomeOf(workspace: string, run: string): Promise<Record<string, unknown>> {
  const text = await readFile(join(workspace, 'runs', run, 'results.json'), 'utf8');
  const { times: _times, unknown: _unknown, ...rest } = JSON.parse(text);
  return rest;
}
