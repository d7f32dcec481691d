import { asyncLocalStorage, Context } from '@temporalio/activity';
import { createActivities } from '../activities';
import type { Dependencies } from '../activities/dependencies';
import { canonicalJson } from '../core/canonical-json';
import type { Students } from '../student';
import type { Evidence } from './evidence';
import type { RecordedStep } from './recorded-workflow';

type Step = (input: unknown) => Promise<unknown>;

/**
 * Recomputes a recorded step from stored data with the step's own code: the store is only read, the engine's results come
 * from its job records, and nothing reaches a teacher or changes the ledger.
 * @returns what the step gives now
 * @throws TutelageError if stored data are damaged; Error if an engine job has no record
 */
export async function recomputeStep(evidence: Evidence, step: RecordedStep): Promise<unknown> {
  const perform = stepsOf(evidence, step)[step.activity];
  if (perform === undefined) {
    throw new Error(`this version has no step ${step.activity}`);
  }
  return asyncLocalStorage.run(activityContext(step.activity), () => perform(step.input));
}

function stepsOf({ workspace, store, jobs }: Evidence, step: RecordedStep): Readonly<Record<string, Step>> {
  const expected = canonicalJson(step.result);
  const dependencies = {
    workspace,
    store,
    ledger: { openAccount: async () => {}, dropSamples: async () => {} },
    students: studentsOf(jobs, expected),
  } as unknown as Dependencies;
  const { loop, teacher, student } = createActivities(dependencies);
  return { ...loop, ...teacher, ...student } as unknown as Readonly<Record<string, Step>>;
}

/** Results from the records of finished jobs; with several versions of the engine, from the one in the history. */
function studentsOf(jobs: Evidence['jobs'], expected: string): Students {
  return {
    run: async (job) => {
      const records = jobs.find(job);
      const meant = records.find(({ result }) =>
        Object.values(result.outputs).some(({ sha256 }) => expected.includes(sha256)),
      );
      const record = meant ?? records[0];
      if (record === undefined) {
        const model = job.model === null ? 'no model' : `model ${job.model.adapter?.sha256 ?? job.model.base.sha256}`;
        const inputs = Object.values(job.inputs).flatMap((refs) => refs.map(({ sha256 }) => sha256));
        throw new Error(`no record of the engine's ${job.op} job on ${model} with the inputs ${inputs.join(', ')}`);
      }
      return record.result;
    },
    warm: () => {},
    close: async () => {},
  };
}

/** A context outside any worker: never cancelled, without heartbeats. */
function activityContext(activityType: string): Context {
  const never = new Promise<never>(() => {});
  const signal = new AbortController().signal;
  const info = { activityType } as Context['info'];
  return new Context(info, never, signal, () => {}, undefined, console as never, undefined as never, {});
}
