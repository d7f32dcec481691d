import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openLedger } from '../src/store/ledger';
import { startPostgres } from '../test/support/postgres';

/**
 * Calls a second that are reserved, marked as sent and settled against one budget, by so many processes at once, on each
 * database. Every client is a run of one experiment, buys in micro-batches of 25 rows (two calls each) with two batches
 * open at a time, and has the experiment's cap to share. The CPU time is that of the clients.
 */
const clientsOf = [1, 4, 16];
const rowsTogether = 1600;
const batch = 25;

interface Client {
  readonly ledger: string;
  readonly run: string;
  readonly rows: number;
}

export async function measureLedger(): Promise<void> {
  const directory = mkdtempSync(join(process.env.TMPDIR ?? '/tmp', 'tutelage-bench-'));
  const postgres = await startPostgres();
  process.env.PGPASSWORD = postgres.password;
  try {
    for (const clients of clientsOf) {
      const onSqlite = await callsASecond(join(directory, `${clients}.db`), clients);
      const onPostgres = await callsASecond(await postgres.createDatabase(), clients);
      console.log(`reserve + send + settle, ${clients} clients: SQLite ${onSqlite}, PostgreSQL ${onPostgres}`);
    }
  } finally {
    await postgres.stop();
    rmSync(directory, { recursive: true });
  }
}

async function callsASecond(ledger: string, clients: number): Promise<string> {
  const cpuMs: number[] = [];
  const started = Array.from({ length: clients }, (_, index) =>
    startClient({ ledger, run: `run-${index}`, rows: rowsTogether / clients }),
  );
  await Promise.all(started.map((client) => once(client, 'message')));
  const since = performance.now();
  for (const client of started) {
    client.send('go');
  }
  for (const client of started) {
    client.once('message', (ms: number) => cpuMs.push(ms));
  }
  await Promise.all(started.map((client) => once(client, 'exit')));
  const seconds = (performance.now() - since) / 1000;
  const cpu = cpuMs.reduce((sum, ms) => sum + ms, 0) / (2 * rowsTogether);
  return `${((2 * rowsTogether) / seconds).toFixed(0)} calls/s at ${cpu.toFixed(2)} ms CPU each`;
}

function startClient(client: Client): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', __filename, JSON.stringify(client)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

async function work({ ledger: place, run, rows }: Client): Promise<void> {
  const ledger = await openLedger(place);
  const charge = { run, experiment: 'bench' };
  await ledger.openAccount({ ...charge, budget: { samples: 1e6 }, experimentBudget: { samples: 1e6, tokens: 1e9 } });
  process.send?.('ready');
  await once(process, 'message');
  const before = process.cpuUsage();
  const worst = { tokens: 100, nanoUsd: 1000 };
  const usage = { inputTokens: 10, cachedTokens: 0, outputTokens: 5, reasoningTokens: 0, estimated: false };
  const raw = JSON.stringify({ choices: [{ message: { content: 'x'.repeat(400) } }] });
  const half = async (from: number, to: number) => {
    for (let start = from; start < to; start += batch) {
      const wanted = Array.from({ length: Math.min(batch, to - start) }, (_, index) => ({
        ...{ row: `${start + index}`, question: worst, answer: worst, wantsAnswer: () => true },
      }));
      const { granted } = await ledger.reserveRows(charge, wanted);
      const calls = granted.flatMap(({ question, answer }) => [question, answer]);
      await Promise.all(
        calls.map(async (call) => {
          if (call !== null && 'reservation' in call) {
            const { reservation } = call;
            await ledger.markSent(reservation, `${run} ${reservation.purpose} ${reservation.row}`, () => 0);
            await ledger.settle(reservation, { usage, nanoUsd: 10, finish: 'stop', raw });
          }
        }),
      );
    }
  };
  await Promise.all([half(0, rows / 2), half(rows / 2, rows)]);
  await ledger.close();
  const { user, system } = process.cpuUsage(before);
  process.send?.((user + system) / 1000);
  process.disconnect();
}

if (require.main === module) {
  void (process.argv[2] === undefined ? measureLedger() : work(JSON.parse(process.argv[2]) as Client));
}
