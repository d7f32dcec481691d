import { canonicalJson } from '../../core/canonical-json';
import { taskOf } from '../../core/tasks';
import { type Check, Findings, messageOf } from '../check';
import type { Evidence } from '../evidence';
import type { RecordedStep, RecordedWorkflow } from '../recorded-workflow';
import { redoStep } from '../redo';

/**
 * Each step is done again from stored data by the code that did it, and must give what its history says: so a selection
 * follows from its scores, a score file from its checkpoint and answers, the rows from what was bought, a student from
 * the union of the rows, an evaluation from the student's answers.
 */
export const stepChecks: readonly Check[] = [
  redone('base', 'pool, test sets and base student are those of the configuration', ['readData', 'prepare']),
  redone('answers', "each table of answers and scores is the engine's, of that checkpoint and those questions", [
    'predict',
    'score',
    'reward',
    'sketch',
    'diversify',
    'joinParts',
  ]),
  redone('selections', 'each follows from its scores', ['select']),
  redone('rows', 'accepted and rejected rows follow from what was bought, in rank order', ['collectRows']),
  redone('finetunes', 'each student is made of the union of the rows so far', ['finetune']),
  redone('evaluations', "each verdict follows from the student's answer", ['evaluate', 'reflect']),
];

function redone(name: string, claim: string, activities: readonly string[]): Check {
  return {
    name,
    claim,
    run: async (evidence) => {
      const findings = new Findings('steps');
      for (const workflow of [...evidence.parents, ...evidence.iterations]) {
        for (const step of workflow.steps) {
          if (step.isComplete && activities.includes(step.activity) && !readsFiles(evidence, step)) {
            await redo(evidence, workflow, step, findings);
          }
        }
      }
      return findings.result();
    },
  };
}

/** Pools that came from a user's files are in the store; the files may have gone since. */
const readsFiles = ({ record }: Evidence, { activity }: RecordedStep) =>
  activity === 'readData' && taskOf(record.config.task).files !== null;

async function redo(evidence: Evidence, { path }: RecordedWorkflow, step: RecordedStep, findings: Findings) {
  const place = `${path}, event ${step.eventId} (${step.activity})`;
  findings.checked += 1;
  try {
    const then = canonicalJson(step.result ?? null);
    const now = canonicalJson(asFarAs(step.result, await redoStep(evidence, step)) ?? null);
    if (now !== then) {
      findings.found(place, `gave ${then}; done again it gives ${now}`);
    }
  } catch (error) {
    findings.found(place, `cannot be done again: ${messageOf(error)}`);
  }
}

/** What a newer version tells beside what was told then is no difference. */
function asFarAs(then: unknown, now: unknown): unknown {
  if (typeof then !== 'object' || then === null || typeof now !== 'object' || now === null || Array.isArray(now)) {
    return now;
  }
  return Object.fromEntries(Object.entries(now).filter(([key]) => key in then));
}
