import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import { engineSettings } from '../activities/engine-settings';
import { canonicalJson } from '../core/canonical-json';
import type { RunConfig } from '../core/config/schema';
import { messageOf } from '../core/errors';
import type { StudentPrompt } from '../core/tasks/task';
import { lookForPython } from '../setup/python';

const SCRIPT = join(__dirname, '..', '..', 'engine', 'render.py');
/** A template is code: one that never ends must not hold the command. */
const TIMEOUT_MS = 120_000;

const replySchema = z.array(
  z.union([
    z.object({ text: z.string(), tokens: z.number().nullable(), hasTemplate: z.boolean() }),
    z.object({ problem: z.string() }),
  ]),
);

/** A prompt exactly as a student reads it, special tokens included, or why that cannot be shown here. */
export interface StudentReading {
  readonly base: string;
  readonly reading:
    | { readonly text: string; readonly tokens: number | null; readonly hasTemplate: boolean }
    | { readonly problem: string };
}

export interface PromptToRead {
  readonly config: RunConfig;
  readonly prompt: StudentPrompt;
}

/** What the student of each configuration reads of its prompt, in the same order. Nothing is installed or downloaded. */
export async function studentReadings(asked: readonly PromptToRead[]): Promise<StudentReading[]> {
  // What is read as it stands needs no Python.
  const plain = asked.map(({ config: { student }, prompt }) =>
    student.base === 'tiny' && typeof prompt === 'string' && (student.system_prompt ?? '') === '' ? prompt : null,
  );
  const rest = asked.filter((_, index) => plain[index] === null);
  const replies = (rest.length === 0 ? [] : await askEngine(rest)).values();
  return asked.map(({ config }, index) => {
    const text = plain[index] ?? null;
    const absent = { problem: 'the student engine did not say' };
    const reading = text === null ? (replies.next().value ?? absent) : { text, tokens: null, hasTemplate: false };
    return { base: config.student.base, reading };
  });
}

/** Two runs whose students read alike. */
export const readingKey = (config: RunConfig): string =>
  canonicalJson([config.student.base, config.student.revision ?? null, engineSettings(config).settings ?? {}]);

async function askEngine(asked: readonly PromptToRead[]): Promise<StudentReading['reading'][]> {
  const everywhere = (problem: string) => asked.map(() => ({ problem }));
  const found = await lookForPython().catch(messageOf);
  if (typeof found === 'string') {
    return everywhere(found);
  }
  if (found.ready === null) {
    return everywhere('the student engine is not installed yet; tutelage doctor installs it');
  }
  const lines = asked.map(({ config, prompt }) => ({
    source: config.student.base === 'tiny' ? null : config.student.base,
    revision: config.student.revision ?? null,
    settings: engineSettings(config).settings ?? {},
    prompt,
  }));
  const output = await run(found.ready.python, `${JSON.stringify(lines)}\n`).catch((error: unknown) => ({ error }));
  if (typeof output !== 'string') {
    return everywhere(`the student engine failed: ${messageOf(output.error).trim().split('\n').at(-1) ?? ''}`);
  }
  return replySchema.parse(JSON.parse(output.trim().split('\n').at(-1) ?? '[]'));
}

function run(python: string, input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(python, [SCRIPT], { timeout: TIMEOUT_MS, maxBuffer: 64 * 2 ** 20 }, (error, stdout) => {
      if (error === null) {
        resolve(stdout);
      } else {
        reject(error);
      }
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
