import { type SubmitBatchResult, waveName } from '../../activities/batch';
import type { GenerateInput } from '../../activities/generate';
import { isJob, jobOwner } from '../../store/ledger/owner';
import type { StoredCall } from '../../store/ledger/read-ledger';
import { isOfRow } from '../call-purposes';
import { type Check, Findings } from '../check';
import { type Evidence, numberOf } from '../evidence';
import type { RecordedWorkflow } from '../recorded-workflow';

/** With `teacher.mode: batch`, what the discount was paid for came from jobs, and each job's outcome was fetched. */
export const batchJobsCheck: Check = {
  name: 'batch jobs',
  claim: 'each was collected and asked for as many calls as the ledger has of its wave; no row was bought outside one',
  run: async (evidence) => {
    const findings = new Findings('jobs');
    const { record, ledger, run } = evidence;
    if (record.config.teacher.mode !== 'batch') {
      return findings.result();
    }
    const calls = await ledger.callsOf({ kind: 'run', name: run });
    const inLedger = askedByOwner(calls);
    for (const workflow of evidence.iterations.filter((one) => isOwn(evidence, one))) {
      checkJobs(workflow, inLedger, findings);
    }
    for (const call of calls.filter(({ state, purpose }) => state === 'settled' && isOfRow(purpose))) {
      if (call.shared_from === null && !isJob(call.owner)) {
        findings.found(`ledger.db, call ${call.id}`, `it was bought by ${call.owner}, which is no batch job`);
      }
    }
    return findings.result();
  },
};

/** Iterations of the run before a fork bought under that run's name; one that was begun twice has lost its first history. */
function isOwn({ fork, parents }: Evidence, { file, result }: RecordedWorkflow): boolean {
  const number = numberOf(file);
  const begun = parents
    .flatMap(({ children }) => children)
    .filter(({ workflowId }) => workflowId.endsWith(`/iter-${number}`)).length;
  return number > (fork?.after ?? 0) && result !== undefined && begun <= 1;
}

/**
 * How many calls were asked for, by owner. What a job left undone is released, and asked for again as another call; what the
 * workspace owned was not asked.
 */
function askedByOwner(calls: readonly StoredCall[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { owner, request_hash, shared_from } of calls) {
    if (request_hash !== null && shared_from === null) {
      counts.set(owner, (counts.get(owner) ?? 0) + 1);
    }
  }
  return counts;
}

function checkJobs({ path, steps }: RecordedWorkflow, inLedger: Map<string, number>, findings: Findings): void {
  const asked = new Map<string, number>();
  const collected = new Set(
    steps
      .filter(({ activity, isComplete }) => activity === 'collectBatch' && isComplete)
      .map(({ input }) => (input as { job: { id: string } }).job.id),
  );
  for (const step of steps.filter(({ activity, isComplete }) => activity === 'submitBatch' && isComplete)) {
    const { job } = step.result as SubmitBatchResult;
    if (job !== null) {
      const place = `${path}, event ${step.eventId} (submitBatch)`;
      findings.check(collected.has(job.id), place, () => `the outcome of job ${job.id} was never collected`);
      const wave = waveName(step.input as GenerateInput);
      asked.set(wave, (asked.get(wave) ?? 0) + job.requests);
    }
  }
  for (const [wave, requests] of asked) {
    const there = inLedger.get(jobOwner(wave)) ?? 0;
    if (there !== requests) {
      findings.found(path, `the jobs of ${wave} asked for ${requests} calls, the ledger has ${there} in their name`);
    }
  }
}
