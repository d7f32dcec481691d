import { Context } from '@temporalio/activity';
import type { ArtifactRef } from '../core/artifact-ref';
import type { AcceptedRejections } from '../core/hygiene/useless-rows';
import type { Seed, SelectedSeed } from '../core/records';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import { allRecords } from '../store/artifacts/tables';
import { verifierOf } from '../student/row-verifier';
import type { RowOrder } from '../teacher';
import type { Dependencies } from './dependencies';
import { progressReporter } from './progress';
import type { RunContext } from './run-context';
import type { ScreenOf } from './screen-questions';
import type { Picks } from './select';

export interface GenerateInput extends RunContext, Picks {
  readonly iteration: number;
  readonly finishedIterations: ArtifactRef | null;
  /** The chunk: seeds of rank `from` up to, not including, `to`. */
  readonly from: number;
  readonly to: number;
  /** Its rows are paid for already, by batch jobs: they are only read. */
  readonly acceptsUseless?: boolean;
  /** Reasons for which a person resumed the run before. */
  readonly acceptedRejections?: AcceptedRejections;
}

export interface GenerateResult {
  /** One `BoughtRow` per pick, in rank order. */
  readonly rows: ArtifactRef;
  /** Picks that a cap left out. */
  readonly overBudget: number;
}

/** The same seeds of the same run always have the same name: under it the ledger reserves what a job asks for. */
export const roundName = ({ run, selection, from, to }: GenerateInput): string =>
  `${run} ${selection.sha256.slice(0, 16)} ${from}-${to}`;

/** Asks the teacher for a new question and a worked answer for each selected seed of a chunk. */
export function createGenerate({ store, teacherOf }: Dependencies, screenOf: ScreenOf) {
  return async function generate(input: GenerateInput): Promise<GenerateResult> {
    const { run, experiment, config, iteration } = input;
    const teacher = await teacherOf(config);
    if (config.teacher.mode === 'batch') {
      // Its jobs have ended or were given up. What they left reserved would be waited for without end.
      await teacher.batches.close(roundName(input));
    }
    const report = progressReporter();
    const { cancellationSignal: signal } = Context.current();
    const verifier = verifierOf(config, signal);
    const buying = teacher.buyRows({
      account: { run, experiment, iteration },
      orders: await ordersOf(store, input),
      runSeed: config.seed,
      screen: await screenOf(input),
      ...(verifier === null ? {} : { verify: verifier.verify }),
      // An offline teacher costs nothing.
      stopsWhenUseless: config.teacher.provider !== 'offline' && input.acceptsUseless !== true,
      ...(input.acceptedRejections === undefined ? {} : { acceptedRejections: input.acceptedRejections }),
      signal,
      onProgress: ({ done, total, waiting }) =>
        report({ done, total, unit: 'row', ...(waiting === null ? {} : { note: waiting }) }),
    });
    const bought = await buying.finally(() => verifier?.end());
    const rows = await store.putRecords('bought-rows', bought);
    return { rows, overBudget: bought.filter((row) => row.state === 'overBudget').length };
  };
}

/** What the selected seeds of a chunk, or of a whole round, ask the teacher for. */
export async function ordersOf(store: ArtifactStore, input: GenerateInput): Promise<RowOrder[]> {
  const picks = await allRecords<SelectedSeed>(store, input.selection, input);
  const seeds = await allRecords<Seed>(store, input.pickedSeeds, input);
  return picks.map(({ rank, askedBefore }, index) => ({ rank, askedBefore, seed: seeds[index] as Seed }));
}
