import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { engineSettings } from '../activities/engine-settings';
import { methodParameters } from '../activities/finetune-job';
import type { RunConfig } from '../core/config/schema';

const run = promisify(execFile);
const SCRIPT = join(__dirname, '..', '..', 'engine', 'estimate.py');
const TIMEOUT_MS = 180_000;
/** A question with its template; what a pool really has is known only when it is read. */
const PROMPT_TOKENS = 128;
/** Of tasks that read files, whose sizes are known when they are read. */
const POOL_OF_FILES = 5000;
const TESTS_OF_FILES = 500;

const estimateSchema = z.union([
  z.object({ error: z.string() }),
  z.object({
    parameters: z.number(),
    predictBytes: z.number(),
    finetuneBytes: z.number(),
    checkpointBytes: z.number(),
    predictSeconds: z.number(),
    scoreSeconds: z.number(),
    finetuneSeconds: z.number(),
    evaluateSeconds: z.number(),
    device: z.string(),
    memoryBytes: z.number().nullable(),
  }),
]);

export type StudentEstimate = Exclude<z.output<typeof estimateSchema>, { error: string }>;

/**
 * What an iteration of a run takes of this machine. `null` for `tiny`, which fits everywhere; a text says why nothing can
 * be estimated.
 */
export async function estimateStudent(python: string, config: RunConfig): Promise<StudentEstimate | string | null> {
  const { student } = config;
  if (student.base === 'tiny') {
    return null;
  }
  const asked = {
    source: student.base,
    revision: student.revision ?? null,
    settings: engineSettings(config).settings ?? {},
    method: methodParameters(config),
    threads: student.threads,
    work: {
      ...sizesOf(config),
      rows: config.samples_per_iteration,
      epochs: student.finetune.epochs,
      batch_rows: student.finetune.batch_size,
      prompt_tokens: PROMPT_TOKENS,
      new_tokens: student.max_new_tokens,
    },
  };
  const output = await run(python, [SCRIPT, JSON.stringify(asked)], { timeout: TIMEOUT_MS }).catch(
    (error: { stdout?: string; message: string }) => ({
      stdout: error.stdout || JSON.stringify({ error: error.message }),
    }),
  );
  const found = estimateSchema.parse(JSON.parse(output.stdout.trim().split('\n').at(-1) ?? ''));
  return 'error' in found ? found.error : found;
}

/** Questions of the pool and of the test sets, as far as the file says. */
function sizesOf({ task }: RunConfig): { pool: number; tests: number } {
  return {
    pool: 'pool_size' in task ? (task.pool_size ?? POOL_OF_FILES) : POOL_OF_FILES,
    tests: 'test_size' in task ? (task.test_size ?? TESTS_OF_FILES) : TESTS_OF_FILES,
  };
}

/** In one line for people. */
export function estimateText(estimate: StudentEstimate): string {
  const { predictBytes, finetuneBytes, checkpointBytes, memoryBytes, device } = estimate;
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const where = memoryBytes === null ? device : `${gib(memoryBytes)} on this ${device === 'cuda' ? 'GPU' : 'machine'}`;
  const { predictSeconds, scoreSeconds, finetuneSeconds, evaluateSeconds } = estimate;
  const times = [
    `answering ${duration(predictSeconds)}`,
    `scoring ${duration(scoreSeconds)}`,
    `the first finetune ${duration(finetuneSeconds)}`,
    `evaluating ${duration(evaluateSeconds)}`,
  ];
  return (
    `${(estimate.parameters / 1e6).toFixed(0)} M parameters; answering takes about ${gib(predictBytes)} and a finetune ` +
    `${gib(finetuneBytes)} of ${where}, checkpoints ${gib(checkpointBytes)} of disk. An iteration, within a factor of ` +
    `about two: ${times.join(', ')}`
  );
}

function duration(seconds: number): string {
  if (seconds < 90) {
    return `${Math.max(1, Math.round(seconds))} s`;
  }
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
