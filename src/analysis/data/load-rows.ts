import type { ArtifactRef } from '../../core/artifact-ref';
import type { Pick, Prediction, RejectedRow, Seed, SyntheticRow } from '../../core/records';
import type { Reflection } from '../../core/reflection';
import type { IterationRecord, RunRecord } from '../../core/run-record';
import type { ArtifactStore } from '../../store/artifacts/artifact-store';
import { openArtifacts } from '../../store/artifacts/open-artifacts';
import type { PriceList } from '../../store/ledger/prices';
import { workspaceAt } from '../../store/workspace';
import type { Labels } from '../results-schema';
import type { RowLine } from './row-line';

/** Everything of one run that lies in the store and not in its record. */
export interface RunRows {
  readonly run: string;
  readonly pool: readonly Seed[];
  /** Every pick that was put to the teacher, by iteration and rank. */
  readonly lines: readonly RowLine[];
  /** How the base and the final student met all rows; `null` where the run did not measure it. */
  readonly reflections: { readonly first: readonly Reflection[]; readonly final: readonly Reflection[] } | null;
}

export const storeOf = (workspace: string): ArtifactStore => openArtifacts(workspaceAt(workspace));

/**
 * The rows of a run, as far as it has come.
 *
 * @returns `null` where the workspace has the run's record without its artifacts
 * @throws TutelageError `damaged` when an artifact is not what was written
 */
export async function loadRows(
  store: ArtifactStore,
  record: RunRecord,
  options: { readonly labels: Labels; readonly prices: PriceList | null },
): Promise<RunRows | null> {
  if (!(await store.has(record.prepared.pool))) {
    return null;
  }
  const pool = await store.readRecords<Seed>(record.prepared.pool);
  const seeds = new Map(pool.map((seed) => [seed.id, seed]));
  const lines: RowLine[] = [];
  for (const iteration of record.iterations) {
    const tables = await readTables(store, iteration);
    lines.push(...linesOf(tables, { ...options, record, seeds, iteration: iteration.iteration }));
  }
  const { reflections } = record;
  return {
    run: record.run,
    pool,
    lines,
    reflections:
      reflections === undefined
        ? null
        : { first: await store.readRecords(reflections.first), final: await store.readRecords(reflections.final) },
  };
}

interface Tables {
  readonly picks: readonly Pick[];
  readonly rows: ReadonlyMap<number, SyntheticRow>;
  readonly rejected: ReadonlyMap<number, RejectedRow>;
  readonly ownAnswers: ReadonlyMap<string, string>;
  readonly reflections: ReadonlyMap<string, Reflection>;
}

async function readTables(store: ArtifactStore, iteration: IterationRecord): Promise<Tables> {
  const read = async <T>(ref: ArtifactRef | null | undefined) => (ref ? store.readRecords<T>(ref) : []);
  const picks = (await read<Pick>(iteration.selection)).slice(0, iteration.asked);
  const rows = await read<SyntheticRow>(iteration.rows);
  const rejected = await read<RejectedRow>(iteration.rejected);
  const predictions = await read<Prediction>(iteration.predictions);
  const reflections = await read<Reflection>(iteration.reflection);
  return {
    picks,
    rows: new Map(rows.map((row) => [row.rank, row])),
    rejected: new Map(rejected.map((row) => [row.rank, row])),
    ownAnswers: new Map(predictions.map(({ id, text }) => [id, text])),
    reflections: new Map(reflections.map((reflection) => [reflection.id, reflection])),
  };
}

interface LineOptions {
  readonly record: RunRecord;
  readonly labels: Labels;
  readonly prices: PriceList | null;
  readonly seeds: ReadonlyMap<string, Seed>;
  readonly iteration: number;
}

function linesOf(tables: Tables, { record, labels, prices, seeds, iteration }: LineOptions): RowLine[] {
  return tables.picks.map((pick): RowLine => {
    const row = tables.rows.get(pick.rank);
    const rejection = tables.rejected.get(pick.rank);
    const seed = seeds.get(pick.seedId);
    const reflection = row === undefined ? undefined : tables.reflections.get(row.id);
    const requests = [(row ?? rejection)?.questionRequest ?? null, (row ?? rejection)?.answerRequest ?? null] as const;
    return {
      run: record.run,
      labels,
      strategy: record.config.strategy.name,
      randomSeed: record.config.seed,
      iteration,
      rank: pick.rank,
      id: row?.id ?? null,
      verdict: row === undefined ? (rejection?.stage ?? 'budget') : 'accepted',
      verdictReason: rejection?.reason ?? null,
      parent: pick.seedId,
      parentQuestion: seed?.question ?? '',
      parentAnswer: seed?.answer ?? null,
      parentStratum: seed?.stratum ?? '',
      ownAnswer: tables.ownAnswers.get(pick.seedId) ?? null,
      score: pick.score,
      pickReason: pick.reason,
      askedBefore: pick.askedBefore,
      question: row?.question ?? null,
      answer: row?.answer ?? null,
      stratum: row?.stratum ?? null,
      questionRequest: requests[0],
      answerRequest: requests[1],
      ...priceOf([...requests, ...((row ?? rejection)?.sampleRequests ?? [])], prices),
      parentLoss: reflection?.parentLoss ?? null,
      loss: reflection?.loss ?? null,
      parentCorrect: reflection?.parentCorrect ?? null,
      correct: reflection?.correct ?? null,
    };
  });
}

/** All requests together; `null` where the ledger does not know one of them. */
function priceOf(
  requests: readonly (string | null)[],
  prices: PriceList | null,
): { inputTokens: number | null; outputTokens: number | null; microUsd: number | null } {
  const made = requests.filter((request) => request !== null).map((request) => prices?.prices.get(request));
  const sum = (pick: (price: NonNullable<(typeof made)[number]>) => number) =>
    made.reduce<number | null>(
      (total, price) => (total === null || price === undefined ? null : total + pick(price)),
      0,
    );
  const nanoUsd = sum((price) => price.nanoUsd);
  return {
    inputTokens: sum((price) => price.inputTokens),
    outputTokens: sum((price) => price.outputTokens),
    microUsd: nanoUsd === null ? null : nanoUsd / 1000,
  };
}
