import { setMaxListeners } from 'node:events';
import type { TeacherConfig } from '../../src/core/config/schema';
import { taskOf } from '../../src/core/tasks/registry';
import { type Ledger, openLedger } from '../../src/store/ledger';
import { type BoughtRow, createTeacher } from '../../src/teacher';
import type { BuyRequest } from '../../src/teacher/types';

/** A run that only buys: rows `from` to `to` of the demo task's pool, in micro-batches, several at a time. */
export interface Buying {
  readonly ledger: string;
  readonly baseUrl: string;
  readonly run: string;
  readonly experiment?: string;
  readonly budget?: { samples?: number; tokens?: number; usd?: number };
  readonly experimentBudget?: { samples?: number; tokens?: number; usd?: number };
  readonly from?: number;
  readonly to: number;
  readonly batch?: number;
  readonly runSeed?: number;
  readonly timeoutSeconds?: number;
  readonly parallel?: number;
  /** The teacher's key; `markerKey` unless given. */
  readonly key?: string;
  /** Rows that share no answers. */
  readonly withoutRepeats?: boolean;
}

export const markerKey = 'sk-marker-key-that-must-not-be-written';

/** One-step expressions coincide often, so that rows share answers; five-step ones hardly ever do. */
export const demoTask = taskOfSteps([1]);
export const taskWithoutRepeats = taskOfSteps([0, 0, 0, 0, 1]);

function taskOfSteps(stepWeights: number[]) {
  return taskOf({ kind: 'operator-chains', step_weights: stepWeights, zipf: 1.5, pool_size: 3000, test_size: 12 });
}

export async function buyWith(
  ledger: Ledger,
  buying: Buying,
  signal = new AbortController().signal,
  judging: Pick<BuyRequest, 'screen' | 'verify' | 'stopsWhenUseless' | 'onProgress'> = {},
): Promise<BoughtRow[]> {
  const { run, from = 0, to, batch = 25, runSeed = 1 } = buying;
  const account = { run, experiment: buying.experiment ?? null };
  await ledger.openAccount({ ...account, budget: buying.budget ?? {}, experimentBudget: buying.experimentBudget });
  const config: TeacherConfig = {
    ...{ provider: 'openai', model: 'double', base_url: buying.baseUrl, api_key_env: 'TEST_KEY' },
    ...{ temperature: 1, max_tokens: 64, price: { input: 0.15, output: 0.6 } },
    ...{
      max_parallel_requests: buying.parallel ?? 64,
      failing_share_max: 0.2,
      mode: 'live',
      batch_discount: 0.5,
      batch_poll_seconds: 60,
    },
    timeout_seconds: buying.timeoutSeconds ?? 20,
  };
  const task = buying.withoutRepeats ? taskWithoutRepeats : demoTask;
  const teacher = createTeacher({
    config,
    task,
    ledger,
    environment: { TEST_KEY: buying.key ?? markerKey },
  });
  const pool = [...task.makeData(1).pool];
  const orders = pool.slice(from, to).map((seed, index) => ({ rank: from + index, seed, askedBefore: 0 }));
  const batches = Array.from({ length: Math.ceil(orders.length / batch) }, (_, index) =>
    orders.slice(index * batch, (index + 1) * batch),
  );
  setMaxListeners(0, signal);
  const bought = await Promise.all(
    batches.map((some) => teacher.buyRows({ account, orders: some, runSeed, signal, ...judging })),
  );
  return bought.flat();
}

/** As its own process: prints the rows as JSON when all are there. */
if (require.main === module) {
  const buying = JSON.parse(process.argv[2] ?? '{}') as Buying;
  void openLedger(buying.ledger).then(async (ledger) => {
    const rows = await buyWith(ledger, buying);
    await ledger.close();
    process.stdout.write(`${JSON.stringify(rows)}\n`);
  });
}
