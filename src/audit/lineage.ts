import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import { usdOf } from '../core/budget/price';
import { TutelageError } from '../core/errors';
import type { Prediction, RejectedRow, Seed, SelectedSeed, SyntheticRow } from '../core/records';
import type { IterationRecord } from '../core/run-record';
import { accuracyOf } from '../core/statistics/accuracy';
import { taskOf } from '../core/tasks/registry';
import { allRecords, recordsById } from '../store/artifacts/tables';
import { rowOf, type StoredCall } from '../store/ledger/read-ledger';
import type { Evidence } from './evidence';

/** What happened to one seed, iteration by iteration. */
export interface SeedLineage {
  readonly seed: Seed;
  readonly iterations: readonly SeedInIteration[];
}

interface SeedInIteration {
  readonly iteration: number;
  /** The student's own answer; `null` if the strategy asks for none. */
  readonly answer: { readonly text: string; readonly correct: boolean | null } | null;
  /** Its line of the iteration's measurements, as the engine or the judge gave it. */
  readonly measured: object | null;
  /** Its picks in the selection, whether they were sent to the teacher or not. */
  readonly picks: readonly (SelectedSeed & {
    readonly asked: boolean;
    readonly row: string | null;
    readonly rejected: string | null;
  })[];
}

/** Why a row exists, what it cost, and which students were trained on it. */
export interface RowLineage {
  readonly id: string;
  readonly row: SyntheticRow | null;
  /** If it was not accepted. */
  readonly rejected: RejectedRow | null;
  readonly seed: Seed | undefined;
  readonly pick: SelectedSeed | undefined;
  readonly picks: number;
  /** The student whose answers were scored. */
  readonly selectedBy: string;
  readonly strategy: string;
  readonly calls: readonly CallOfRow[];
  readonly usd: number;
  /** Those trained on it, the selecting iteration first. */
  readonly students: readonly {
    readonly iteration: number;
    readonly student: string;
    readonly job: string | null;
    readonly accuracy: number | null;
  }[];
}

interface CallOfRow {
  readonly id: string;
  readonly purpose: string;
  readonly state: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly usd: number;
  /** Milliseconds since 1970. */
  readonly sentAt: number | null;
  readonly endedAt: number | null;
  /** The bought call whose answer it reuses. */
  readonly sharedFrom: string | null;
}

/** @throws TutelageError `usage` if the pool has no such seed */
export async function seedLineage(evidence: Evidence, id: string): Promise<SeedLineage> {
  const { record, store, run } = evidence;
  const { pool } = record.prepared;
  const seed = (await recordsById<Seed>(store, pool, [id])).get(id);
  if (seed === undefined) {
    const [first] = await allRecords<Seed>(store, pool, { to: 1 });
    const example = first?.id ?? '';
    throw new TutelageError(
      'usage',
      `the pool of ${run} has no seed ${id}`,
      `ids of its ${pool.rows} seeds look like ${example}`,
    );
  }
  const iterations: SeedInIteration[] = [];
  for (const iteration of record.iterations) {
    iterations.push(await seedInIteration(evidence, seed, iteration));
  }
  return { seed, iterations };
}

async function seedInIteration(
  { store, record }: Evidence,
  seed: Seed,
  iteration: IterationRecord,
): Promise<SeedInIteration> {
  const { predictions, scores, asked } = iteration;
  const ofSeed = async <T extends { id?: string }>(table: ArtifactRef | null) =>
    table === null ? undefined : (await recordsById<T>(store, table, [seed.id])).get(seed.id);
  const said = await ofSeed<Prediction>(predictions);
  const measured = await ofSeed(scores);
  const rows = await store.readRecords<SyntheticRow>(iteration.rows);
  const rejected = await store.readRecords<RejectedRow>(iteration.rejected);
  const picks = (await store.readRecords<SelectedSeed>(iteration.selection)).filter(({ seedId }) => seedId === seed.id);
  return {
    iteration: iteration.iteration,
    answer:
      said === undefined
        ? null
        : {
            text: said.text,
            correct:
              seed.answer === null
                ? null
                : taskOf(record.config.task).check(seed.question, seed.answer, said.text).correct,
          },
    measured: measured ?? null,
    picks: picks.map((pick) => ({
      ...pick,
      asked: pick.rank < asked,
      row: rows.find(({ rank }) => rank === pick.rank)?.id ?? null,
      rejected: reasonOf(rejected.find(({ rank }) => rank === pick.rank)),
    })),
  };
}

const reasonOf = (row: RejectedRow | undefined) => (row === undefined ? null : `${row.stage}: ${row.reason}`);

/** @throws TutelageError `usage` if the run has no such row */
export async function rowLineage(evidence: Evidence, id: string): Promise<RowLineage> {
  const { record, store, jobs, run } = evidence;
  const [number, rank] = id.split('-').map(Number);
  const iteration = record.iterations.find((candidate) => candidate.iteration === number);
  const rows = iteration === undefined ? [] : await store.readRecords<SyntheticRow>(iteration.rows);
  const rejected = iteration === undefined ? [] : await store.readRecords<RejectedRow>(iteration.rejected);
  const row = rows.find((candidate) => candidate.id === id) ?? null;
  const rejectedRow = rejected.find((candidate) => candidate.rank === rank) ?? null;
  if (iteration === undefined || (row === null && rejectedRow === null)) {
    throw new TutelageError('usage', `${run} has no row ${id}`, 'ids are <iteration>-<rank>, such as 001-000000');
  }
  const parent = row?.parent ?? rejectedRow?.parent ?? '';
  const picks = await store.readRecords<SelectedSeed>(iteration.selection);
  const calls =
    row === null && rejectedRow?.questionRequest == null
      ? []
      : await callsOf(evidence, row ?? (rejectedRow as RejectedRow));
  return {
    id,
    row,
    rejected: row === null ? rejectedRow : null,
    seed: (await recordsById<Seed>(store, record.prepared.pool, [parent])).get(parent),
    pick: picks.find((pick) => pick.rank === rank),
    picks: picks.length,
    selectedBy: nameOf(iteration.selectedBy.student),
    strategy: record.config.strategy.name,
    calls: calls.map(toCallOfRow),
    usd: usdOf(calls.reduce((sum, call) => sum + call.nano_usd, 0)),
    students: record.iterations
      .filter((later) => row !== null && later.iteration >= iteration.iteration)
      .map(({ iteration: at, student, evaluation }) => ({
        iteration: at,
        student: nameOf(student),
        job: jobs.makerOf(nameOf(student))?.hash ?? null,
        accuracy: accuracyOf(evaluation.overall),
      })),
  };
}

/** The run's calls of the row's requests: the settled ones, and those whose outcome was lost on the way. */
async function callsOf({ ledger, run }: Evidence, row: SyntheticRow | RejectedRow): Promise<StoredCall[]> {
  const calls = await ledger.callsOf({ kind: 'run', name: run });
  const named = calls.find(
    (call) =>
      call.purpose === 'question' && call.request_hash === row.questionRequest && call.row.startsWith(`${row.parent}#`),
  );
  return calls.filter((call) => rowOf(call) === named?.row && call.state !== 'released');
}

const toCallOfRow = (call: StoredCall): CallOfRow => ({
  id: call.id,
  purpose: call.purpose,
  state: call.state,
  inputTokens: call.input_tokens,
  outputTokens: call.output_tokens,
  usd: usdOf(call.nano_usd),
  sentAt: call.sent_at,
  endedAt: call.ended_at,
  sharedFrom: call.shared_from,
});

/** What distinguishes a model: its adapter, where it has one. */
const nameOf = ({ base, adapter }: ModelRef) => (adapter ?? base).sha256;
