import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, platform, release } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import type { ChatMessage } from '../src/core/tasks/task';
import { mapWithWindow } from '../src/core/window';
import { type Ledger, openLedger } from '../src/store/ledger';
import { buyWith, taskWithoutRepeats } from '../test/support/buying';
import { folderWith, runCli } from '../test/support/cli';
import type { FaultShare } from '../test/support/misbehaving-teacher';
import { teacherConfig, teacherEnvironment } from '../test/support/teacher-config';
import { startTeacherProcess } from '../test/support/teacher-process';

/**
 * `npm run bench:teacher`: what durability costs. Rows a second at 200 ms latency against a bare client with nothing
 * but a concurrency limit, both in this process, against a teacher in its own; and what the ledger does alone.
 * `--rows N` sets the size. The folder of the ledger decides what an fsync costs: `TMPDIR`.
 */
const rowsGiven = process.argv.indexOf('--rows');
const rows = rowsGiven < 0 ? 600 : Number(process.argv[rowsGiven + 1]);

async function main(): Promise<void> {
  console.log(
    `${new Date().toISOString()}  ${platform()} ${release()}, ${cpus().length} x ${cpus()[0]?.model}, node ${process.version}`,
  );
  for (const parallel of [64, 128]) {
    await compare(parallel, []);
  }
  await compare(64, [{ kind: '429-seconds', share: 0.05 }]);
  await ledgerAlone();
  await historyOf(1000);
}

/** What a run of one iteration leaves in Temporal's histories, by the built command line. */
async function historyOf(rowsBought: number): Promise<void> {
  const teacher = await startTeacherProcess({ delayMs: 20 });
  try {
    const config = teacherConfig(teacher.baseUrl, { iterations: 1, rows: rowsBought });
    const run = { ...(await folderWith(config)), environment: teacherEnvironment };
    const { exitCode, stderr } = await runCli(['run', run.file, '--set', `task.pool_size=${2 * rowsBought}`], run);
    if (exitCode !== 0) {
      throw new Error(stderr);
    }
    const histories = join(run.workspace, 'runs', 'bought', 'history');
    const counts = ['run.json', 'iter-1.json'].map((name) => {
      const { events } = JSON.parse(readFileSync(join(histories, name), 'utf8')) as { events: unknown[] };
      return events.length;
    });
    console.log(`history events for ${rowsBought} rows: ${counts[0]} of the run, ${counts[1]} of its iteration`);
  } finally {
    teacher.stop();
  }
}

async function compare(parallel: number, faults: readonly FaultShare[]): Promise<void> {
  const teacher = await startTeacherProcess({ delayMs: 200, faults });
  try {
    const bare = faults.length === 0 ? await timed(() => buyBare(teacher.baseUrl, parallel)) : null;
    const ours = await withLedger((ledger) =>
      timed(() =>
        buyWith(ledger, {
          ledger: '',
          baseUrl: teacher.baseUrl,
          run: 'bench',
          to: rows,
          parallel,
          withoutRepeats: true,
        }),
      ),
    );
    const share =
      bare === null
        ? 'one request in twenty answered 429'
        : `bare ${perSecond(rows, bare)}, ratio ${(bare / ours).toFixed(3)}`;
    console.log(`rows/s at 200 ms, ${parallel} parallel: ${perSecond(rows, ours)} (${share})`);
  } finally {
    teacher.stop();
  }
}

/** The same two requests a row, parsed, and nothing kept. */
async function buyBare(baseURL: string, parallel: number): Promise<void> {
  const client = new OpenAI({ baseURL, apiKey: 'bench', maxRetries: 0 });
  const ask = async (messages: readonly ChatMessage[]) => {
    const { choices } = await client.chat.completions.create({
      model: 'double',
      messages: [...messages],
      temperature: 1,
      max_tokens: 64,
      seed: 1,
    });
    return choices[0]?.message.content ?? '';
  };
  const seeds = [...taskWithoutRepeats.makeData(1).pool].slice(0, rows);
  await mapWithWindow(seeds, parallel, async (seed) => {
    const question = taskWithoutRepeats.parseQuestion(await ask(taskWithoutRepeats.questionMessages(seed)));
    return (
      question.ok &&
      taskWithoutRepeats.parseAnswer(await ask(taskWithoutRepeats.answerMessages(question.value)), question.value)
    );
  });
}

async function ledgerAlone(): Promise<void> {
  const worst = { tokens: 100, nanoUsd: 1000 };
  const usage = { inputTokens: 10, cachedTokens: 0, outputTokens: 5, reasoningTokens: 0, estimated: false };
  const charge = { run: 'bench', experiment: null };
  const raw = JSON.stringify({ choices: [{ message: { content: 'x'.repeat(400) } }] });
  for (const [name, batch, count] of [
    ['single', 1, 200],
    ['micro-batches of 25', 25, 5000],
  ] as const) {
    const ms = await withLedger(async (ledger) => {
      await ledger.openAccount({ ...charge, budget: { samples: 1e6, tokens: 1e9 } });
      return timed(async () => {
        for (let from = 0; from < count; from += batch) {
          const wanted = Array.from({ length: batch }, (_, index) => ({
            ...{ row: `${from + index}`, question: worst, answer: worst, wantsAnswer: () => true },
          }));
          const { granted } = await ledger.reserveRows(charge, wanted);
          await Promise.all(
            granted.flatMap(({ row, question, answer }) =>
              [question, answer].map(async (call) => {
                if (call !== null && 'reservation' in call) {
                  await ledger.markSent(call.reservation, `${call.reservation.purpose} ${row}`, () => 0);
                  await ledger.settle(call.reservation, { usage, nanoUsd: 10, finish: 'stop', raw });
                }
              }),
            ),
          );
        }
      });
    });
    console.log(`reserve + send + settle, ${name}: ${perSecond(2 * count, ms)} calls/s`);
  }
}

async function withLedger<T>(work: (ledger: Ledger) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(process.env.TMPDIR ?? '/tmp', 'tutelage-bench-'));
  const ledger = await openLedger(join(directory, 'ledger.db'));
  try {
    return await work(ledger);
  } finally {
    await ledger.close();
    rmSync(directory, { recursive: true });
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const perSecond = (count: number, ms: number) => ((1000 * count) / ms).toFixed(1);

void main();
