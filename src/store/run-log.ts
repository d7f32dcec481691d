import { join } from 'node:path';
import pino from 'pino';
import { redactingFile } from './redacting-file';
import type { Workspace } from './workspace';

/** One line of `runs/<run>/log.jsonl`. `at`, `level` and `run` are added. */
export interface RunLogLine {
  readonly level: 'info' | 'warn' | 'error';
  /** `predict`, `finetune`, ... */
  readonly step: string;
  readonly message: string;
  /** 0 for the base; absent where the step belongs to none. */
  readonly iteration?: number;
  /** The activity within its workflow, and how often it had been tried. */
  readonly activity?: string;
  readonly attempt?: number;
  readonly durationMs?: number;
}

const logs = new Map<string, pino.Logger>();

/** Appends to the run's log. A step that is repeated says it again. */
export function appendRunLog(workspace: Workspace, run: string, lines: readonly RunLogLine[]): void {
  for (const { level, message, ...fields } of lines) {
    logOf(workspace, run)[level](fields, message);
  }
}

function logOf(workspace: Workspace, run: string): pino.Logger {
  const path = join(workspace.runDirectory(run), 'log.jsonl');
  const log = logs.get(path) ?? openLog(path, run);
  logs.set(path, log);
  return log;
}

function openLog(path: string, run: string): pino.Logger {
  const options: pino.LoggerOptions = {
    base: { run },
    messageKey: 'message',
    timestamp: () => `,"at":"${new Date().toISOString()}"`,
    formatters: { level: (level) => ({ level }) },
  };
  return pino(options, redactingFile(path));
}
