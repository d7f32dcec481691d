import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { randomStream } from '../../src/core/random';
import { folderWith, runCli, startCli } from './cli';
import { type Committed, mostCommitted, readAnswers, readCalls } from './ledger-history';
import { type LogLine, readLog } from './misbehaving-teacher';
import { outcomeOf } from './outcome';
import { killTree, processesOf, until } from './processes';
import { teacherConfig, teacherEnvironment } from './teacher-config';
import { startTeacherProcess } from './teacher-process';

/** What came of a run that was killed again and again, from the teacher's log and from the ledger's file. */
export interface KilledRun {
  readonly kills: number;
  readonly settled: number;
  readonly unknown: number;
  /** Requests that the teacher received more than once, counted each time after the first. */
  readonly resent: number;
  /** Sent a second time after their answer was in the ledger: there must be none. */
  readonly resentAlthoughSettled: number;
  /** Received and not settled when a kill came, over all kills. */
  readonly inFlightAtKills: number;
  /** Marked as sent, and killed before the teacher had received it. */
  readonly neverReceived: number;
  readonly caps: Committed;
  readonly most: Committed;
  readonly rowsIdentical: boolean;
  /** From the first command to the first request, on this machine as busy as it is. */
  readonly firstCallMs: number;
  /** From each kill to the first new request after the same command. */
  readonly backAfterMs: readonly number[];
  /** Everything the command said, over all attempts. */
  readonly said: string;
  readonly workspace: string;
}

const rowsInAll = 220;
const caps = { samples: rowsInAll, tokens: 1_000_000, usd: 0.2 };

/**
 * A run of 220 rows against the double in a process of its own; the whole process tree is killed with SIGKILL at random
 * instants, drawn with a seed, and resumed by the same command. Then the same run uninterrupted, for comparison.
 * @param afterFirstCallMs kills fall within this time after an attempt's first request; one in five anywhere before
 */
export async function killRun(options: {
  readonly kills: number;
  readonly seed: number;
  readonly afterFirstCallMs: number;
}): Promise<KilledRun> {
  const log = join((await folderWith('')).file, '..', 'teacher.jsonl');
  const teacher = await startTeacherProcess({ delayMs: 250, log });
  const config = teacherConfig(teacher.baseUrl, {
    rows: rowsInAll / 2,
    iterations: 2,
    budget: JSON.stringify(caps),
    teacher: 'max_parallel_requests: 8',
  });
  try {
    const killed = await killAgainAndAgain(config, log, options);
    const uninterrupted = { ...(await folderWith(config)), environment: teacherEnvironment };
    const straight = await runCli(['run', uninterrupted.file], uninterrupted);
    if (straight.exitCode !== 0) {
      throw new Error(straight.stderr);
    }
    const rowsIdentical = (await outcome(killed.workspace)) === (await outcome(uninterrupted.workspace));
    return { ...killed, rowsIdentical };
  } finally {
    teacher.stop();
  }
}

async function killAgainAndAgain(
  config: string,
  log: string,
  options: { kills: number; seed: number; afterFirstCallMs: number },
): Promise<Omit<KilledRun, 'rowsIdentical'>> {
  const run = { ...(await folderWith(config)), environment: teacherEnvironment };
  const ledgerFile = join(run.workspace, 'ledger.db');
  const random = randomStream('kills', options.seed);
  const settledBy: { atMs: number; settled: Set<string>; inFlight: number }[] = [];
  const callAfterMs: number[] = [];
  let said = '';
  let kills = 0;
  while (kills < options.kills) {
    const before = received(log).length;
    const startedMs = Date.now();
    const attempt = startCli(['run', run.file], run);
    if (kills % 5 === 4) {
      await delay(random.next() * 1500);
    } else {
      await Promise.race([until(() => received(log).length > before, 60_000), attempt.ended]);
      await delay(random.next() * options.afterFirstCallMs);
    }
    killTree(attempt.pid);
    for (const { pid } of processesOf(run.workspace)) {
      killTree(pid);
    }
    const { exitCode, stderr } = await attempt.ended;
    said += stderr;
    if (exitCode !== null) {
      throw new Error(
        `the run ended on its own after ${kills} kills; it needs more rows or shorter intervals\n${stderr}`,
      );
    }
    kills += 1;
    const first = received(log)[before];
    if (first !== undefined) {
      callAfterMs.push(first.at - startedMs);
    }
    settledBy.push(settledNow(ledgerFile, received(log), before));
  }
  const last = await runCli(['run', run.file], run);
  if (last.exitCode !== 0) {
    throw new Error(last.stderr);
  }
  const [firstCallMs = Number.NaN, ...backAfterMs] = callAfterMs;
  return {
    kills,
    firstCallMs,
    backAfterMs,
    said: said + last.stderr,
    workspace: run.workspace,
    ...account(ledgerFile, log, settledBy),
  };
}

/**
 * What the ledger owns at this moment, named as in the teacher's log: the double's replies carry their request's name.
 * In flight was what this attempt sent (from `before` on) and the ledger does not own.
 */
function settledNow(ledgerFile: string, all: readonly LogLine[], before: number) {
  const settled = new Set(
    readAnswers(ledgerFile, (body) => gunzipSync(body).toString()).map((raw) => (JSON.parse(raw) as { id: string }).id),
  );
  const inFlight = all.slice(before).filter(({ request }) => !settled.has(nameOf(request))).length;
  return { atMs: Date.now(), settled, inFlight };
}

function account(
  ledgerFile: string,
  log: string,
  settledBy: { atMs: number; settled: Set<string>; inFlight: number }[],
) {
  const all = received(log);
  const calls = readCalls(ledgerFile);
  const unknown = calls.filter(({ state }) => state === 'unknown').length;
  const resent = all.length - new Set(all.map(({ request }) => request)).size;
  const resentAlthoughSettled = all.filter(({ at, request }) =>
    settledBy.some(({ atMs, settled }) => at > atMs && settled.has(nameOf(request))),
  ).length;
  return {
    settled: calls.filter(({ state, shared_from }) => state === 'settled' && shared_from === null).length,
    unknown,
    resent,
    resentAlthoughSettled,
    inFlightAtKills: settledBy.reduce((sum, { inFlight }) => sum + inFlight, 0),
    neverReceived: unknown - resent,
    caps: { samples: caps.samples, tokens: caps.tokens, nanoUsd: caps.usd * 1e9 },
    most: mostCommitted(calls),
  };
}

const nameOf = (request: string) => `chatcmpl-${request.slice(0, 24)}`;

function received(log: string): LogLine[] {
  try {
    readFileSync(log);
  } catch {
    return [];
  }
  return readLog(log).filter(({ event }) => event === 'received');
}

/** Everything of `results.json` that a crash must not change: selections, rows, weights, answers, spend. */
const outcome = async (workspace: string) => JSON.stringify(await outcomeOf(workspace, 'bought'));
