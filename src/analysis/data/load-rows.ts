import type { ArtifactRef } from '../../core/artifact-ref';
import { usdOf } from '../../core/budget/price';
import type { Diagnosis } from '../../core/diagnosis';
import type { Prediction, RejectedRow, Seed, SelectedSeed, SyntheticRow } from '../../core/records';
import type { IterationRecord, RunRecord } from '../../core/run-record';
import type { ArtifactStore } from '../../store/artifacts/artifact-store';
import { openArtifacts } from '../../store/artifacts/open-artifacts';
import { allRecords, readTable, recordsById } from '../../store/artifacts/tables';
import type { PriceList } from '../../store/ledger/prices';
import { workspaceAt } from '../../store/workspace';
import type { Labels } from '../results-schema';
import { loadVerdicts } from './load-verdicts';
import { loadPoolAnswers, type PoolAnswers } from './pool-answers';
import type { RowLine } from './row-line';

/** Everything of one run that is in the store but not in its record. */
export interface RunRows {
  readonly run: string;
  /** Stratum -> its seeds in the pool. */
  readonly strata: ReadonlyMap<string, number>;
  /** Every pick that was put to the teacher, by iteration and rank. */
  readonly lines: readonly RowLine[];
  /** How the base and the final student met all rows; `null` where the run did not measure it. */
  readonly diagnoses: { readonly first: readonly Diagnosis[]; readonly final: readonly Diagnosis[] } | null;
  /** Of each iteration; `null` where its strategy needed no answers. */
  readonly poolAnswers: readonly (PoolAnswers | null)[];
  /** Of each evaluation, which test questions were answered right (`loadVerdicts`). */
  readonly verdicts: readonly (Float64Array | null)[];
}

export const storeOf = (workspace: string): ArtifactStore => openArtifacts(workspaceAt(workspace));

/**
 * The rows of a run, as far as it has come. Of the pool and of the answers to it, which may be larger than memory, only
 * what belongs to a pick is kept.
 *
 * @returns `null` where the workspace has the run's record without its artifacts
 * @throws TutelageError `damaged` when an artifact is not what was written
 */
export async function loadRows(
  store: ArtifactStore,
  record: RunRecord,
  options: { readonly labels: Labels; readonly prices: PriceList | null },
): Promise<RunRows | null> {
  const picked = await loadLines(store, record, options);
  if (picked === null) {
    return null;
  }
  const poolAnswers: (PoolAnswers | null)[] = [];
  for (const iteration of record.iterations) {
    poolAnswers.push(await loadPoolAnswers(store, record, iteration));
  }
  const { diagnoses } = record;
  return {
    run: record.run,
    ...picked,
    diagnoses:
      diagnoses === undefined
        ? null
        : { first: await store.readRecords(diagnoses.first), final: await store.readRecords(diagnoses.final) },
    poolAnswers,
    verdicts: await loadVerdicts(store, record),
  };
}

/** The picks alone, with the strata of the pool that they are from; `null` and errors as above. */
export async function loadLines(
  store: ArtifactStore,
  record: RunRecord,
  options: { readonly labels: Labels; readonly prices: PriceList | null },
): Promise<Pick<RunRows, 'strata' | 'lines'> | null> {
  if (!(await store.has(record.prepared.pool))) {
    return null;
  }
  const tables: Tables[] = [];
  for (const iteration of record.iterations) {
    tables.push(await readTables(store, iteration));
  }
  const parents = new Set(tables.flatMap(({ picks }) => picks.map(({ seedId }) => seedId)));
  const { strata, seeds } = await readPool(store, record.prepared.pool, parents);
  const lines = tables.flatMap((own, index) => {
    const { iteration } = record.iterations[index] as IterationRecord;
    return linesOf(own, { ...options, record, seeds, iteration });
  });
  return { strata, lines };
}

async function readPool(store: ArtifactStore, pool: ArtifactRef, parents: ReadonlySet<string>) {
  const strata = new Map<string, number>();
  const seeds = new Map<string, Seed>();
  for await (const seed of readTable<Seed>(store, pool)) {
    strata.set(seed.stratum, (strata.get(seed.stratum) ?? 0) + 1);
    if (parents.has(seed.id)) {
      seeds.set(seed.id, seed);
    }
  }
  return { strata, seeds };
}

interface Tables {
  readonly picks: readonly SelectedSeed[];
  readonly rows: ReadonlyMap<number, SyntheticRow>;
  readonly rejected: ReadonlyMap<number, RejectedRow>;
  readonly ownAnswers: ReadonlyMap<string, string>;
  readonly diagnoses: ReadonlyMap<string, Diagnosis>;
}

async function readTables(store: ArtifactStore, iteration: IterationRecord): Promise<Tables> {
  const read = async <T>(ref: ArtifactRef | null | undefined) => (ref ? store.readRecords<T>(ref) : []);
  const picks = await allRecords<SelectedSeed>(store, iteration.selection, { to: iteration.asked });
  const parents = new Set(picks.map(({ seedId }) => seedId));
  const rows = await read<SyntheticRow>(iteration.rows);
  const rejected = await read<RejectedRow>(iteration.rejected);
  const diagnoses = await read<Diagnosis>(iteration.diagnosis);
  return {
    picks,
    rows: new Map(rows.map((row) => [row.rank, row])),
    rejected: new Map(rejected.map((row) => [row.rank, row])),
    ownAnswers: new Map(
      iteration.predictions === null
        ? []
        : [...(await recordsById<Prediction>(store, iteration.predictions, parents))].map(([id, { text }]) => [
            id,
            text,
          ]),
    ),
    diagnoses: new Map(diagnoses.map((diagnosis) => [diagnosis.id, diagnosis])),
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
    const diagnosis = row === undefined ? undefined : tables.diagnoses.get(row.id);
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
      ...priceOf([...requests, ...((row ?? rejection)?.furtherAnswerRequests ?? [])], prices),
      parentLoss: diagnosis?.parentLoss ?? null,
      loss: diagnosis?.loss ?? null,
      parentReward: diagnosis?.parentReward ?? null,
      reward: diagnosis?.reward ?? null,
      parentCorrect: diagnosis?.parentCorrect ?? null,
      correct: diagnosis?.correct ?? null,
    };
  });
}

/** All requests together; `null` where the ledger does not know one of them. */
function priceOf(
  requests: readonly (string | null)[],
  prices: PriceList | null,
): { inputTokens: number | null; outputTokens: number | null; usd: number | null } {
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
    usd: nanoUsd === null ? null : usdOf(nanoUsd),
  };
}
