import { Context } from '@temporalio/activity';
import type { ArtifactRef } from '../core/artifact-ref';
import type { Pick, Seed } from '../core/records';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import { allRecords } from '../store/artifacts/tables';
import type { RowOrder } from '../teacher';
import type { Dependencies } from './dependencies';
import { progressReporter } from './progress';
import type { RunContext } from './run-context';
import type { Picks } from './select';

export interface GenerateInput extends RunContext, Picks {
  /** The micro-batch: picks of rank `from` up to, not including, `to`. */
  readonly from: number;
  readonly to: number;
}

export interface GenerateResult {
  /** One `BoughtRow` per pick, in rank order. */
  readonly rows: ArtifactRef;
  /** Picks that a cap left out. */
  readonly refused: number;
}

/** Asks the teacher for a new question and a worked answer for each pick of a micro-batch. */
export function createGenerate({ store, teacherOf }: Dependencies) {
  return async function generate(input: GenerateInput): Promise<GenerateResult> {
    const { run, experiment, config } = input;
    const teacher = await teacherOf(config);
    const report = progressReporter();
    const bought = await teacher.buyRows({
      account: { run, experiment },
      orders: await ordersOf(store, input),
      runSeed: config.seed,
      signal: Context.current().cancellationSignal,
      onProgress: ({ done, total, waiting }) =>
        report({ done, total, unit: 'row', ...(waiting === null ? {} : { note: waiting }) }),
    });
    const rows = await store.putRecords('bought-rows', bought);
    return { rows, refused: bought.filter((row) => row.state === 'refused').length };
  };
}

/** What the picks of a micro-batch, or of a whole wave, ask the teacher for. */
export async function ordersOf(store: ArtifactStore, input: GenerateInput): Promise<RowOrder[]> {
  const picks = await allRecords<Pick>(store, input.selection, input);
  const seeds = await allRecords<Seed>(store, input.pickedSeeds, input);
  return picks.map(({ rank, askedBefore }, index) => ({ rank, askedBefore, seed: seeds[index] as Seed }));
}
