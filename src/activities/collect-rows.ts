import type { ArtifactRef } from '../core/artifact-ref';
import { countReasons } from '../core/hygiene/count-reasons';
import { type KnownQuestions, knownQuestions } from '../core/hygiene/known-questions';
import { funnelOf, RowFilter } from '../core/hygiene/row-filter';
import type { RejectedRow, Seed, SyntheticRow } from '../core/records';
import type { Funnel } from '../core/run-record';
import { taskOf } from '../core/tasks/registry';
import { putTable, readTable } from '../store/artifacts/tables';
import { turnTaker } from '../store/artifacts/yield-to-event-loop';
import type { BoughtRow } from '../teacher';
import type { CheckedRow } from './check-rows';
import type { Dependencies } from './dependencies';
import { rejectionOf } from './rejection-of';
import type { RunContext } from './run-context';
import { readFinishedIterations } from './run-context';
import type { Picks } from './select';

export interface CollectRowsInput extends RunContext, Picks {
  readonly iteration: number;
  readonly rowsWanted: number;
  /** Records of the finished iterations; `null` before the first. */
  readonly finishedIterations: ArtifactRef | null;
  /** Tables of bought rows. */
  readonly chunks: readonly ArtifactRef[];
  /** What the student makes of them, in the same order; absent where an older version did not ask. */
  readonly checked?: readonly ArtifactRef[];
}

export interface RowsResult {
  readonly rows: ArtifactRef;
  readonly rejected: ArtifactRef;
  readonly accepted: number;
  readonly overBudget: number;
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
    const rowFilter = new RowFilter(task, config.hygiene, await known(input, bought));
    const unlearnable = await unlearnableRows(input);
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
      const rejection = unlearnable.get(row.rank) ?? rejectionOf(rowFilter, row, id);
      if (rejection !== null) {
        rejected.push({ ...origin, ...rejection, ...requestsOf(row) });
        unused.push(row.row);
      } else if (row.state === 'answered') {
        const { question, answer, questionRequest, answerRequest } = row;
        const stratum = task.stratum(question, seed, answer);
        rows.push({
          id,
          ...origin,
          question,
          answer,
          stratum,
          questionRequest,
          answerRequest,
          ...furtherAnswerRequests(row),
        });
      }
    }
    // Money stays spent; the samples of rows that were not accepted are free for their replacements.
    await ledger.dropSamples(input.run, unused);
    return {
      rows: await putTable(store, 'rows', rows),
      rejected: await putTable(store, 'rejected-rows', rejected),
      accepted: rows.length,
      overBudget: bought.filter((row) => row.state === 'overBudget').length,
      funnel: funnelOf(rows.length, rejected),
      reasons: countReasons(rejected),
    };
  };

  async function readBought({ pickedSeeds, chunks }: CollectRowsInput): Promise<(BoughtRow & { seed: Seed })[]> {
    const seeds = await store.readRecords<Seed>(pickedSeeds);
    const bought: BoughtRow[] = [];
    for (const chunk of chunks) {
      bought.push(...(await store.readRecords<BoughtRow>(chunk)));
    }
    return bought
      .sort((left, right) => left.rank - right.rank)
      .map((row) => ({ ...row, seed: seeds[row.rank] as Seed }));
  }

  /** By rank. Asked for before anything else: a row that cannot be learned from must not make a later one a duplicate. */
  async function unlearnableRows({ checked = [] }: CollectRowsInput) {
    const rejections = new Map<number, Pick<RejectedRow, 'stage' | 'reason'>>();
    for (const table of checked) {
      for (const { id, rejection } of await store.readRecords<CheckedRow>(table)) {
        if (rejection !== null) {
          rejections.set(Number(id), { stage: 'student', reason: `the row ${rejection}` });
        }
      }
    }
    return rejections;
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
      for (const { rows } of await readFinishedIterations(store, input.finishedIterations)) {
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

const requestsOf = (row: BoughtRow) =>
  row.state === 'overBudget'
    ? { questionRequest: null, answerRequest: null }
    : {
        questionRequest: row.questionRequest,
        answerRequest: row.answerRequest,
        ...(row.state === 'answered' ? furtherAnswerRequests(row) : {}),
      };

const furtherAnswerRequests = ({ furtherAnswers }: Extract<BoughtRow, { state: 'answered' }>) =>
  furtherAnswers === undefined ? {} : { furtherAnswerRequests: furtherAnswers.map(({ request }) => request) };
