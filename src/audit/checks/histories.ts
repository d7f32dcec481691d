import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArchiveInput, runRecordOf } from '../../activities/archive';
import { canonicalJson } from '../../core/canonical-json';
import { resolvedYaml } from '../../core/config';
import { iterationWorkflowId } from '../../core/names';
import type { IterationOutcome, IterationRecord } from '../../core/run-record';
import type { AuditCheck } from '../check';
import { type Evidence, numberOf } from '../evidence';
import { Findings } from '../findings';
import type { RecordedStep } from '../recorded-workflow';
import { referencesIn } from '../references';

/** The files are complete, undamaged and numbered without a gap. */
export const historiesCheck: AuditCheck = {
  name: 'histories',
  claim: 'each history matches its sha256 file, and the iterations are numbered without a gap',
  run: async (evidence) => {
    const { iterations, parents, damaged, record, run, fork } = evidence;
    const findings = new Findings('histories');
    findings.checked = iterations.length + parents.length;
    for (const { path, reason } of damaged) {
      findings.check(false, path, () => reason);
    }
    const there = new Set(iterations.map(({ file }) => numberOf(file)));
    for (const { iteration } of record.iterations) {
      if (!there.has(iteration) && !damaged.some(({ path }) => numberOf(path) === iteration)) {
        findings.found(join('history', `iter-${iteration}.json`), `the history of iteration ${iteration} is missing`);
      }
    }
    record.iterations.forEach(({ iteration }, index) => {
      if (iteration !== index + 1) {
        findings.found('run.json', `iteration ${index + 1} is numbered ${iteration}`);
      }
    });
    if (record.state !== 'running' && parents.length === 0 && damaged.length === 0) {
      findings.found(join('history', 'run.json'), 'the run has ended but its own history is missing');
    }
    let expected = 1 + (fork?.after ?? 0);
    for (const { workflowId, result } of parents.flatMap((parent) => parent.children)) {
      const location = parents[0]?.path ?? '';
      if (workflowId !== iterationWorkflowId(run, expected)) {
        findings.found(location, `expected the child ${iterationWorkflowId(run, expected)}, found ${workflowId}`);
      }
      // An iteration without a row because of a cap is started again when the cap is raised.
      expected += result === null ? 0 : 1;
    }
    return findings.result();
  },
};

/** The files that everything else is drawn from agree with the histories. */
export const recordCheck: AuditCheck = {
  name: 'record',
  claim: 'run.json, plan.json and resolved.yaml agree with the histories',
  run: async (evidence) => {
    const findings = new Findings('values');
    const { record, iterations, parents, workspace, run, plan } = evidence;
    const directory = workspace.runDirectory(run);
    const same = (left: unknown, right: unknown, location: string, what: string) =>
      findings.check(canonicalJson(left ?? null) === canonicalJson(right ?? null), location, () => `${what} differs`);

    for (const workflow of iterations) {
      const number = numberOf(workflow.file);
      const stored = record.iterations.find(({ iteration }) => iteration === number);
      if (stored !== undefined) {
        const { spend: _spend, ...outcome } = stored;
        same(outcome, workflow.result, 'run.json', `iteration ${number}: its outcome and that of ${workflow.file}`);
      } else if (workflow.result !== null && record.state !== 'running') {
        findings.found('run.json', `iteration ${number} is missing, its history has an outcome`);
      }
      checkWiring(evidence, workflow.file, findings);
    }
    const archives = parents.flatMap(({ steps }) => steps).filter(({ activity }) => activity === 'archive');
    const last = archives.at(-1);
    if (last !== undefined && record.state !== 'running') {
      same(record, await recordOf(evidence, last), 'run.json', 'it and what the last archive step wrote');
    }
    for (const file of ['run.json', 'plan.json']) {
      const text = await readFile(join(directory, file), 'utf8');
      const written = `${JSON.stringify(JSON.parse(text), null, 2)}\n`;
      findings.check(text === written, file, () => 'it was changed after it was written');
    }
    same(plan.config, record.config, 'plan.json', 'its configuration and that of run.json');
    same(resolvedYaml(plan), await readFile(join(directory, 'resolved.yaml'), 'utf8'), 'resolved.yaml', 'its text');
    const input = parents[0]?.input as { config?: unknown; labels?: unknown; origins?: unknown } | undefined;
    if (input !== undefined) {
      const { config, labels, origins } = plan;
      const started = { config: input.config, labels: input.labels, origins: input.origins };
      same({ config, labels, origins }, started, 'plan.json', 'the plan and what the workflow was started with');
    }
    return findings.result();
  },
};

/**
 * The record that the last archive step wrote, rebuilt from its input and the records behind its result. If the history
 * ends inside that step, the rest was not exported; the iterations are then compared with their own histories.
 */
async function recordOf({ store, record }: Evidence, { input, result, isComplete }: RecordedStep): Promise<object> {
  const [table] = referencesIn(isComplete ? result : null).filter(({ kind }) => kind === 'iterations');
  const iterations = table === undefined ? record.iterations : await store.readRecords<IterationRecord>(table);
  return runRecordOf(input as ArchiveInput, iterations);
}

/** Iteration n starts from the student of n - 1 and trains on the rows that it collected. */
function checkWiring({ record, iterations }: Evidence, file: string, findings: Findings): void {
  const workflow = iterations.find((candidate) => candidate.file === file);
  const number = numberOf(file);
  const before = record.iterations.find(({ iteration }) => iteration === number - 1);
  const input = workflow?.input as { student: unknown; finishedIterations: unknown; config: unknown } | undefined;
  const outcome = workflow?.result as IterationOutcome | null | undefined;
  if (workflow === undefined || input === undefined) {
    return;
  }
  const expected = number === 1 ? record.prepared.base : before?.student;
  const isSame = (left: unknown, right: unknown) => canonicalJson(left ?? null) === canonicalJson(right ?? null);
  if (expected !== undefined) {
    findings.check(
      isSame(input.student, expected),
      workflow.path,
      () => 'it did not start from the student of the iteration before',
    );
  }
  const isRankedOnce = record.config.strategy.rescore === 'once';
  for (const step of workflow.steps) {
    const looking = isRankedOnce && step.activity !== 'finetune' ? record.prepared.base : input.student;
    const given = step.input as { student?: unknown; rows?: unknown; finishedIterations?: unknown };
    const location = `${workflow.path}, event ${step.eventId}`;
    if (step.activity === 'finetune' && outcome) {
      findings.check(
        isSame(given.rows, outcome.rows),
        location,
        () => 'finetune did not get the rows of its iteration',
      );
      findings.check(
        isSame(given.finishedIterations, input.finishedIterations),
        location,
        () => 'finetune did not get the earlier iterations',
      );
    } else if (step.activity === 'evaluate' && outcome) {
      findings.check(isSame(given.student, outcome.student), location, () => 'evaluate used another student');
    } else if (given.student !== undefined && step.activity !== 'evaluate') {
      findings.check(isSame(given.student, looking), location, () => `${step.activity} used another student`);
    }
  }
}
