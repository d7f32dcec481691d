import type { SubmitBatchResult } from '../../activities/batch';
import { type GenerateInput, roundName } from '../../activities/generate';
import { plural } from '../../analysis/phrases';
import { isJob, jobOwner } from '../../store/ledger/call-states';
import { isOfRow, type StoredCall } from '../../store/ledger/read-ledger';
import type { AuditCheck } from '../check';
import { type Evidence, numberOf } from '../evidence';
import { Findings } from '../findings';
import type { RecordedWorkflow } from '../recorded-workflow';

/** With `teacher.mode: batch`, all calls at the discount came from batch jobs, and the outcome of each job was fetched. */
export const batchJobsCheck: AuditCheck = {
  name: 'batch jobs',
  claim:
    'each was collected and asked for as many calls as the ledger has for its round; no row was bought outside one',
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
        findings.found(`ledger.db, call ${call.id}`, `was bought by ${call.owner}, which is not a batch job`);
      }
    }
    return findings.result();
  },
};

/** Iterations before a fork were bought under the original's name; one that was started twice has lost its first history. */
function isOwn({ fork, parents }: Evidence, { file, result }: RecordedWorkflow): boolean {
  const number = numberOf(file);
  const begun = parents
    .flatMap(({ children }) => children)
    .filter(({ workflowId }) => workflowId.endsWith(`/iter-${number}`)).length;
  return number > (fork?.after ?? 0) && result !== undefined && begun <= 1;
}

/**
 * Calls asked for, by owner. Calls that a job left undone are released and asked for again as new calls; answers that the
 * workspace already owned were not asked for.
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
      const location = `${path}, event ${step.eventId} (submitBatch)`;
      findings.check(collected.has(job.id), location, () => `the outcome of job ${job.id} was never collected`);
      const round = roundName(step.input as GenerateInput);
      asked.set(round, (asked.get(round) ?? 0) + job.requests);
    }
  }
  for (const [round, requests] of asked) {
    const there = inLedger.get(jobOwner(round)) ?? 0;
    if (there !== requests) {
      findings.found(
        path,
        `the jobs of ${round} asked for ${plural(requests, 'call')}, the ledger has ${there} in their name`,
      );
    }
  }
}
