import type { EvaluatedAnswer, Seed } from '../../core/records';
import type { EvaluationSummary, RunRecord } from '../../core/run-record';
import type { ArtifactStore } from '../../store/artifacts/artifact-store';
import { measuredValue } from './load-verdicts';

/** How an answer fared between two evaluations. Of checks that give scores, a higher score is `fixed`, a lower one `broken`. */
export const answerChanges = ['fixed', 'broken', 'still wrong', 'still right', 'not measured'] as const;

export type AnswerChange = (typeof answerChanges)[number];

/** A test question with the answers that two students gave it. */
export interface AnswerPair {
  readonly set: string;
  readonly id: string;
  readonly stratum: string;
  readonly question: string;
  readonly reference: string | null;
  readonly change: AnswerChange;
  readonly before: EvaluatedAnswer;
  readonly after: EvaluatedAnswer;
}

/** An evaluation of a run: 0 is the base student. */
export interface Evaluated {
  readonly record: RunRecord;
  readonly iteration: number;
}

/**
 * What two students answered to the test questions that both were asked, in the order of the sets.
 *
 * @returns `null` where the workspace does not have the answers
 * @throws TutelageError `damaged` when an artifact is not what was written
 */
export async function loadAnswerPairs(
  store: ArtifactStore,
  before: Evaluated,
  after: Evaluated,
): Promise<AnswerPair[] | null> {
  const refs = [evaluationOf(before)?.answers, evaluationOf(after)?.answers];
  const [first, second] = await Promise.all(
    refs.map(async (ref) =>
      ref !== undefined && (await store.has(ref)) ? store.readRecords<EvaluatedAnswer>(ref) : null,
    ),
  );
  if (!first || !second) {
    return null;
  }
  const questions = await commonQuestions(store, before.record, after.record);
  const earlier = new Map(first.map((answer) => [keyOf(answer), answer]));
  return second.flatMap((answer) => {
    const { set, id, stratum } = answer;
    const known = earlier.get(keyOf(answer));
    const asked = questions.get(set);
    if (known === undefined || asked === undefined) {
      return [];
    }
    const seed = asked.get(id);
    const change = changeOf(measuredValue(known), measuredValue(answer));
    const told = { question: seed?.question ?? '', reference: seed?.answer ?? null };
    return [{ set, id, stratum, ...told, change, before: known, after: answer }];
  });
}

const evaluationOf = ({ record, iteration }: Evaluated): EvaluationSummary | undefined =>
  iteration === 0 ? record.baseEvaluation : record.iterations.find((one) => one.iteration === iteration)?.evaluation;

/** By set and id. Sets that differ between the runs have no questions in common; one that is not stored has no texts. */
async function commonQuestions(
  store: ArtifactStore,
  before: RunRecord,
  after: RunRecord,
): Promise<ReadonlyMap<string, ReadonlyMap<string, Seed>>> {
  const sets = new Map<string, ReadonlyMap<string, Seed>>();
  for (const [set, ref] of Object.entries(after.prepared.tests)) {
    if (before.prepared.tests[set]?.sha256 === ref.sha256) {
      const seeds = (await store.has(ref)) ? await store.readRecords<Seed>(ref) : [];
      sets.set(set, new Map(seeds.map((seed) => [seed.id, seed])));
    }
  }
  return sets;
}

const keyOf = ({ set, id }: EvaluatedAnswer) => JSON.stringify([set, id]);

function changeOf(before: number, after: number): AnswerChange {
  if (Number.isNaN(before) || Number.isNaN(after)) {
    return 'not measured';
  }
  if (before === after) {
    return after === 1 ? 'still right' : 'still wrong';
  }
  return after > before ? 'fixed' : 'broken';
}
