import { isAbsolute } from 'node:path';
import { canonicalJson } from '../../core/canonical-json';
import { messageOf } from '../../core/errors';
import { taskOf } from '../../core/tasks/registry';
import type { AuditCheck } from '../check';
import type { Evidence } from '../evidence';
import { Findings } from '../findings';
import { recomputeStep } from '../recompute-step';
import type { RecordedStep, RecordedWorkflow } from '../recorded-workflow';

/**
 * Each step is recomputed from stored data by its own code and must give what its history says: a selection follows from
 * its scores, a score file from its checkpoint and answers, the rows from what was bought, a student from the union of
 * the rows, an evaluation from the student's answers.
 */
export const stepChecks: readonly AuditCheck[] = [
  recomputed('base', 'pool, test sets and base student are those of the configuration', ['readData', 'prepare']),
  recomputed('answers', "each table of answers or scores is the engine's output for its checkpoint and questions", [
    'predict',
    'score',
    'reward',
    'gradientSketch',
    'selectDiverse',
    'joinParts',
  ]),
  recomputed('selections', 'each selection follows from its scores', ['select']),
  recomputed('rows', 'accepted and rejected rows follow from what was bought, in rank order', [
    'checkRows',
    'collectRows',
  ]),
  recomputed('finetunes', 'each student is trained on the union of the rows so far', ['finetune']),
  recomputed('evaluations', "each verdict follows from the student's answer", [
    'evaluate',
    'settleEvaluation',
    'diagnose',
  ]),
];

function recomputed(name: string, claim: string, activities: readonly string[]): AuditCheck {
  return {
    name,
    claim,
    run: async (evidence) => {
      const findings = new Findings('steps');
      for (const workflow of [...evidence.parents, ...evidence.iterations]) {
        for (const step of workflow.steps) {
          if (step.isComplete && activities.includes(step.activity) && !readsFiles(evidence, step)) {
            await recompute(evidence, workflow, step, findings);
          }
        }
      }
      return findings.result();
    },
  };
}

/** Pools and students from a user's files are in the store, so the files need not exist any more. */
const readsFiles = ({ record }: Evidence, { activity }: RecordedStep) =>
  activity === 'readData' && (taskOf(record.config.task).files !== null || isAbsolute(record.config.student.base));

async function recompute(evidence: Evidence, { path }: RecordedWorkflow, step: RecordedStep, findings: Findings) {
  const location = `${path}, event ${step.eventId} (${step.activity})`;
  findings.checked += 1;
  try {
    const then = canonicalJson(step.result ?? null);
    const now = canonicalJson(asFarAs(step.result, await recomputeStep(evidence, step)) ?? null);
    if (now !== then) {
      findings.found(location, `gave ${then}, but recomputing it gives ${now}`);
    }
  } catch (error) {
    findings.found(location, `cannot be recomputed: ${messageOf(error)}`);
  }
}

/** Keys that a newer version adds are not a difference. */
function asFarAs(then: unknown, now: unknown): unknown {
  if (typeof then !== 'object' || then === null || typeof now !== 'object' || now === null || Array.isArray(now)) {
    return now;
  }
  const known = then as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(now).flatMap(([key, value]) => (key in known ? [[key, asFarAs(known[key], value)]] : [])),
  );
}
