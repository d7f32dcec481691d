import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';
import { type Workspace, workspaceAt } from '../store/workspace';
import { isClosed } from './closed-output';
import { exitCodes } from './exit-codes';
import { interruption } from './interruption';
import { findWork } from './workspace-names';

export interface LogsOptions {
  readonly follow: boolean;
  readonly json: boolean;
}

const FOLLOW_EVERY_MS = 500;

/** `tutelage logs NAME`: the log lines of a run, or of all runs of an experiment in order of time. Starts nothing. */
export async function logsCommand(name: string, options: LogsOptions): Promise<number> {
  const workspace = workspaceAt();
  const { runs } = await findWork(workspace, name);
  const logs = runs.map((run) => new LogReader(workspace, run));
  const interrupt = interruption();
  let isInterrupted = false;
  void interrupt.asked.then(() => {
    isInterrupted = true;
  });
  try {
    for (;;) {
      const lines = (await Promise.all(logs.map((log) => log.newLines()))).flat();
      for (const line of lines.sort(byTime)) {
        process.stdout.write(`${options.json ? line.text : logText(line, runs.length > 1)}\n`);
      }
      if (!options.follow || isInterrupted || isClosed(process.stdout)) {
        return exitCodes.done;
      }
      await delay(FOLLOW_EVERY_MS);
    }
  } finally {
    interrupt.done();
  }
}

export interface LogLine {
  /** As it is in the file. */
  readonly text: string;
  /** `null` for a line that is not JSON, such as one that is cut off. */
  readonly entry: z.output<typeof entrySchema> | null;
}

/** A line of `log.jsonl`; further keys are only in `--json`. */
const entrySchema = z.object({
  at: z.string(),
  level: z.union([z.string(), z.number()]).transform(String),
  run: z.string(),
  step: z.string().default(''),
  iteration: z.int().optional(),
  message: z.string().default(''),
});

/** Whole lines of a log that grows; a line that is still being written is left for the next time. */
class LogReader {
  private offset = 0;
  private rest = '';

  constructor(
    private readonly workspace: Workspace,
    private readonly run: string,
  ) {}

  async newLines(): Promise<LogLine[]> {
    const file = await open(join(this.workspace.runDirectory(this.run), 'log.jsonl')).catch(() => null);
    if (file === null) {
      return [];
    }
    try {
      const { size } = await file.stat();
      const { buffer, bytesRead } = await file.read(
        Buffer.alloc(Math.max(0, size - this.offset)),
        0,
        null,
        this.offset,
      );
      this.offset += bytesRead;
      const lines = (this.rest + buffer.subarray(0, bytesRead).toString('utf8')).split('\n');
      this.rest = lines.pop() ?? '';
      return lines.filter((text) => text !== '').map(parseLine);
    } finally {
      await file.close();
    }
  }
}

export function parseLine(text: string): LogLine {
  try {
    const parsed = entrySchema.safeParse(JSON.parse(text));
    return { text, entry: parsed.success ? parsed.data : null };
  } catch {
    return { text, entry: null };
  }
}

/** `2026-11-30T21:00:00.000Z  info  loss-1  iteration 2  finetune  done`. Control characters of other programs are removed. */
export function logText({ text, entry }: LogLine, withRun: boolean): string {
  if (entry === null) {
    return plain(text);
  }
  const { at, level, run, step, iteration, message } = entry;
  const parts = [
    at,
    level.padEnd(5),
    withRun ? run : null,
    iteration === undefined ? null : `iteration ${iteration}`,
    step,
  ];
  return plain([...parts, message].filter((part) => part !== null && part !== '').join('  '));
}

/** Lines without a time keep their place behind the line before them. */
function byTime(left: LogLine, right: LogLine): number {
  const [first, second] = [left.entry?.at, right.entry?.at];
  return first === undefined || second === undefined ? 0 : first.localeCompare(second);
}

const plain = (text: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are removed
  stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
