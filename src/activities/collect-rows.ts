import type { ArtifactRef } from '../core/artifact-ref';
import type { Pick, RejectedRow, SyntheticRow } from '../core/records';
import { taskOf } from '../core/tasks';
import type { BoughtRow } from '../teacher';
import type { Dependencies } from './dependencies';
import type { RunContext } from './run-context';

export interface CollectRowsInput extends RunContext {
  readonly iteration: number;
  readonly rowsWanted: number;
  readonly selection: ArtifactRef;
  readonly batches: readonly ArtifactRef[];
}

export interface RowsResult {
  readonly rows: ArtifactRef;
  readonly rejected: ArtifactRef;
  readonly accepted: number;
  readonly refused: number;
}

/**
 * Turns what was bought into the iteration's rows. All that depends on order is decided here, in rank order, so it does
 * not matter in which order the answers came.
 */
export function createCollectRows({ store, ledger }: Dependencies) {
  return async function collectRows(input: CollectRowsInput): Promise<RowsResult> {
    const task = taskOf(input.config.task);
    const picks = await store.readRecords<Pick>(input.selection);
    const bought: BoughtRow[] = [];
    for (const batch of input.batches) {
      bought.push(...(await store.readRecords<BoughtRow>(batch)));
    }
    bought.sort((left, right) => left.rank - right.rank);

    const rows: SyntheticRow[] = [];
    const rejected: RejectedRow[] = [];
    const unused: string[] = [];
    for (const row of bought) {
      const parent = (picks[row.rank] as Pick).seedId;
      const origin = { parent, iteration: input.iteration, rank: row.rank };
      if (row.state === 'answered') {
        rows.push({
          id: rowId(input.iteration, row.rank),
          ...origin,
          question: row.question,
          answer: row.answer,
          stratum: task.stratum(row.question),
          questionRequest: row.questionRequest,
          answerRequest: row.answerRequest,
        });
      } else {
        rejected.push({ ...origin, ...rejection(row) });
        unused.push(row.row);
      }
    }
    // Money stays spent; the samples of rows that were not accepted are free for their replacements.
    await ledger.dropSamples(input.run, unused);
    return {
      rows: await store.putRecords('rows', rows),
      rejected: await store.putRecords('rejected-rows', rejected),
      accepted: rows.length,
      refused: bought.filter((row) => row.state === 'refused').length,
    };
  };
}

const rowId = (iteration: number, rank: number) =>
  `${String(iteration).padStart(3, '0')}-${String(rank).padStart(6, '0')}`;

function rejection(row: Exclude<BoughtRow, { state: 'answered' }>): Omit<RejectedRow, 'parent' | 'iteration' | 'rank'> {
  if (row.state === 'refused') {
    return {
      stage: 'budget',
      reason: `the ${row.cap} cap was reached`,
      questionRequest: null,
      answerRequest: null,
    };
  }
  const { stage, reason, questionRequest, answerRequest } = row;
  return { stage, reason, questionRequest, answerRequest };
}
