import { z } from 'zod';
import { configuredTask, type TaskConfig, taskSchema } from '../tasks/registry';
import { unloadableTask } from './checks';
import { isMapping } from './key-path';
import type { ConfigProblem } from './problems';
import { schemaProblems } from './schema-problems';
import { readSources, type SourceText } from './sources';

export type ParsedTask =
  | { readonly ok: true; readonly task: TaskConfig; readonly seed: number }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

const taskOnly = z.object({ task: taskSchema, seed: z.int().nonnegative().default(1) });

/** The task of a configuration, and the seed its data is drawn by; whatever else the file says, or does not, is not looked at. */
export function parseTask(text: SourceText): ParsedTask {
  const read = readSources(text);
  if ('problems' in read) {
    return { ok: false, problems: read.problems };
  }
  const { sources } = read;
  const { task, seed, matrix } = sources.value;
  const varied = isMapping(matrix) ? Object.keys(matrix).filter((path) => /^task(?:\.|$)/.test(path)) : [];
  if (varied.length > 0) {
    const message = 'this matrix has several tasks; name the one that is meant in a file without them';
    return { ok: false, problems: varied.map((path) => sources.problem(['matrix', path], message)) };
  }
  const parsed = taskOnly.safeParse({ task, seed });
  if (!parsed.success) {
    return { ok: false, problems: schemaProblems(parsed.error.issues, sources.value, sources) };
  }
  const unloadable = unloadableTask(parsed.data.task, sources);
  if (unloadable !== null) {
    return { ok: false, problems: [unloadable] };
  }
  const findings = configuredTask(parsed.data.task).findings();
  return findings.length > 0
    ? { ok: false, problems: findings.map(({ path, message }) => sources.problem(path, message)) }
    : { ok: true, ...parsed.data };
}
