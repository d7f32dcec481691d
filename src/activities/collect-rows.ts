import type { ArtifactRef } from '../core/artifact-ref';
import { countReasons } from '../core/hygiene/count-reasons';
import { type KnownQuestions, knownQuestions } from '../core/hygiene/known-questions';
import { funnelOf, type Objection, Sieve } from '../core/hygiene/sift';
import type { RejectedRow, Seed, SyntheticRow } from '../core/records';
import type { Funnel } from '../core/run-record';
import { taskOf } from '../core/tasks';
import { putTable, readTable } from '../store/artifacts/tables';
import { turnTaker } from '../store/artifacts/turns';
import type { BoughtRow } from '../teacher';
import type { Dependencies } from './dependencies';
import { pastIterations } from './past';
import type { RunContext } from './run-context';
import type { Picks } from './select';

export interface CollectRowsInput extends RunContext, Picks {
  readonly iteration: number;
  readonly rowsWanted: number;
  /** Records of the finished iterations; `null` before the first. */
  readonly past: ArtifactRef | null;
  readonly batches: readonly ArtifactRef[];
}

export interface RowsResult {
  readonly rows: ArtifactRef;
  readonly rejected: ArtifactRef;
  readonly accepted: number;
  readonly refused: number;
  readonly funnel: Funnel;
  /** Reason -> rows that were rejected for it. */
  readonly reasons: Readonly<Record<string, number>>;
}

/**
 * Turns what was bought into the iteration's rows. All that depends on order is decided here, in rank order, so it does
 * not matter in which order the answers came.
 */
export function createCollectRows({ store, ledger }: Dependencies) {
  return async function collectRows(input: CollectRowsInput): Promise<RowsResult> {
    const { config, iteration } = input;
    const task = taskOf(config.task);
    const bought = await readBought(input);
    const sieve = new Sieve(task, config.hygiene, await known(input, bought));
    const rows: SyntheticRow[] = [];
    const rejected: RejectedRow[] = [];
    const unused: string[] = [];
    const turns = turnTaker();
    for (const row of bought) {
      if (turns.isDue()) {
        await turns.pass();
      }
      const { seed } = row;
      const origin = { parent: seed.id, iteration, rank: row.rank };
      const id = rowId(iteration, row.rank);
      const objection =
        row.state === 'answered'
          ? sieve.judge({ ...row, id, others: row.samples?.map((sample) => sample.answer) })
          : null;
      if (row.state === 'answered' && objection === null) {
        const { question, answer, questionRequest, answerRequest } = row;
        const stratum = task.stratum(question, seed);
        rows.push({ id, ...origin, question, answer, stratum, questionRequest, answerRequest, ...sampleRequests(row) });
      } else {
        rejected.push({ ...origin, ...rejection(row, objection) });
        unused.push(row.row);
      }
    }
    // Money stays spent; the samples of rows that were not accepted are free for their replacements.
    await ledger.dropSamples(input.run, unused);
    return {
      rows: await putTable(store, 'rows', rows),
      rejected: await putTable(store, 'rejected-rows', rejected),
      accepted: rows.length,
      refused: bought.filter((row) => row.state === 'refused').length,
      funnel: funnelOf(rows.length, rejected),
      reasons: countReasons(rejected),
    };
  };

  async function readBought({ pickedSeeds, batches }: CollectRowsInput): Promise<(BoughtRow & { seed: Seed })[]> {
    const seeds = await store.readRecords<Seed>(pickedSeeds);
    const bought: BoughtRow[] = [];
    for (const batch of batches) {
      bought.push(...(await store.readRecords<BoughtRow>(batch)));
    }
    return bought
      .sort((left, right) => left.rank - right.rank)
      .map((row) => ({ ...row, seed: seeds[row.rank] as Seed }));
  }

  async function known(input: CollectRowsInput, bought: readonly BoughtRow[]): Promise<KnownQuestions> {
    const { config, prepared } = input;
    const task = taskOf(config.task);
    const test: Seed[] = [];
    const row: SyntheticRow[] = [];
    // Where nothing can be new, there is nothing to read.
    if (task.novelty !== 'closed-set') {
      for (const set of Object.keys(prepared.tests).sort()) {
        test.push(...(await store.readRecords<Seed>(prepared.tests[set] as ArtifactRef)));
      }
      for (const { rows } of await pastIterations(store, input.past)) {
        row.push(...(await store.readRecords<SyntheticRow>(rows)));
      }
    }
    const newQuestions = bought.flatMap((one) => (one.state === 'answered' ? [one.question] : []));
    const pool = readTable<Seed>(store, prepared.pool);
    return knownQuestions(task, config.hygiene, { test, row, pool, newQuestions });
  }
}

const rowId = (iteration: number, rank: number) =>
  `${String(iteration).padStart(3, '0')}-${String(rank).padStart(6, '0')}`;

function rejection(row: BoughtRow, objection: Objection | null): Omit<RejectedRow, 'parent' | 'iteration' | 'rank'> {
  if (row.state === 'refused') {
    return {
      stage: 'budget',
      reason: `the ${row.cap} cap was reached`,
      questionRequest: null,
      answerRequest: null,
    };
  }
  const { questionRequest, answerRequest } = row;
  if (row.state === 'rejected') {
    return { stage: row.isUnanswered ? 'call' : row.stage, reason: row.reason, questionRequest, answerRequest };
  }
  return { ...(objection as Objection), questionRequest, answerRequest, ...sampleRequests(row) };
}

const sampleRequests = ({ samples }: Extract<BoughtRow, { state: 'answered' }>) =>
  samples === undefined ? {} : { sampleRequests: samples.map(({ request }) => request) };
