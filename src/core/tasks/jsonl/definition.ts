import type { ConfigFinding } from '../../config/problems';
import { defineTask } from '../definition';
import { type JsonlOptions, jsonlSchema } from './schema';
import { jsonl } from './task';

export const jsonlDefinition = defineTask({
  kind: 'jsonl',
  schema: jsonlSchema,
  create: jsonl,
  withPaths: (options, resolve) => ({
    ...options,
    train: located(options.train, resolve),
    test: typeof options.test === 'string' ? located(options.test, resolve) : options.test,
    ...(options.command === undefined
      ? {}
      : { command: { ...options.command, folder: resolve(options.command.folder) } }),
  }),
  findings,
});

/** A path on the Hugging Face hub is not one of this machine. */
const located = (path: string, resolve: (path: string) => string) => (path.startsWith('hf:') ? path : resolve(path));

/** Options that only one way of comparing answers uses. */
const optionsOfChecks = [
  ['pattern', 'regex'],
  ['flags', 'regex'],
  ['tolerance', 'number'],
  ['case', 'exact'],
  ['labels', 'labels'],
  ['json', 'json'],
  ['text', 'text'],
  ['judge', 'judge'],
  ['command', 'command'],
] as const;

function findings(options: JsonlOptions): ConfigFinding[] {
  const { check, pattern, labels, messages } = options;
  const at = (key: string, message: string): ConfigFinding => ({ path: ['task', key], message });
  return [
    ...(check === 'regex' && pattern === undefined ? [at('pattern', 'missing: check: regex needs a pattern')] : []),
    ...(check === 'labels' && labels === undefined
      ? [at('labels', 'missing: check: labels needs all labels, such as [positive, negative]')]
      : []),
    ...(check === 'judge' && options.judge === undefined
      ? [at('judge', 'missing: check: judge needs judge: {rubric: ...}, which says what a right answer does')]
      : []),
    ...(options.judge?.threshold !== undefined && options.judge.scale === 'pass'
      ? [at('judge', 'threshold is only for scale: 1-10')]
      : []),
    ...(check === 'command' && options.command === undefined
      ? [at('command', 'missing: check: command needs command: {run: [program, ...]}')]
      : []),
    ...optionsOfChecks
      .filter(([key, owner]) => options[key] !== undefined && check !== owner)
      .map(([key, owner]) => at(key, `only for check: ${owner}, got check: ${check}`)),
    ...(check === 'command' && options.prompts.examples !== undefined
      ? [at('prompts', 'examples need references that are answers; those of check: command are for the program')]
      : []),
    ...(messages !== undefined && options.options !== undefined
      ? [at('options', 'a conversation (task.messages) has no column of options')]
      : []),
  ];
}
