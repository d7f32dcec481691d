import { messageOf } from '../core/errors';
import type { Archive } from './archive';
import type { AuditCheck } from './check';
import { batchJobsCheck } from './checks/batch-jobs';
import { boughtRowsCheck } from './checks/bought-rows';
import { callsCheck } from './checks/calls';
import { gradesCheck } from './checks/grades';
import { historiesCheck, recordCheck } from './checks/histories';
import { jobsCheck } from './checks/jobs';
import { referencesCheck } from './checks/references';
import { replayCheck } from './checks/replay';
import { checkResults, resultsCheck } from './checks/results';
import { secretsCheck } from './checks/secrets';
import { stepChecks } from './checks/steps';
import { capsCheck, totalsCheck } from './checks/totals';
import { gatherEvidence } from './evidence';
import type { AuditResult } from './findings';

/** In the order of the output: what is stored, what was computed, what was paid, what must not be stored. */
const checks: readonly AuditCheck[] = [
  historiesCheck,
  recordCheck,
  referencesCheck,
  jobsCheck,
  ...stepChecks,
  gradesCheck,
  boughtRowsCheck,
  batchJobsCheck,
  callsCheck,
  totalsCheck,
  capsCheck,
  resultsCheck,
  replayCheck,
  secretsCheck,
];

export interface CheckLine extends AuditResult {
  readonly name: string;
  readonly claim: string;
}

export interface AuditReport {
  /** The run, or the experiment. */
  readonly run: string;
  readonly holds: boolean;
  readonly checks: readonly CheckLine[];
}

/**
 * Recomputes a run from its histories, the ledger and its artifacts alone. What cannot be read is reported as a problem
 * with its location, and the other checks continue.
 * @throws TutelageError `usage` when there is no such run, `damaged` if not even its record can be read
 */
export async function auditRun(archive: Archive, run: string): Promise<AuditReport> {
  const evidence = await gatherEvidence(archive, run);
  const lines: CheckLine[] = [];
  for (const { name, claim, run: perform } of checks) {
    const result = await perform(evidence).catch(
      (error: unknown): AuditResult => ({
        checked: 0,
        unit: 'things',
        problems: [{ location: name, message: messageOf(error) }],
      }),
    );
    lines.push({ name, claim, ...result });
  }
  return { run, holds: lines.every(({ problems }) => problems.length === 0), checks: lines };
}

/** The results of an experiment: those of all its runs together. */
export async function auditExperiment({ workspace }: Archive, experiment: string): Promise<AuditReport> {
  const { name, claim } = resultsCheck;
  const result = await checkResults(workspace, experiment);
  return { run: experiment, holds: result.problems.length === 0, checks: [{ name, claim, ...result }] };
}
