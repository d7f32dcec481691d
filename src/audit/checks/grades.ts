import { answersOf, type GradeInput, type GradeResult } from '../../activities/grade';
import { answerGrade, answersToGrade, type GradeAnswersInput } from '../../activities/grade-answers';
import { canonicalJson } from '../../core/canonical-json';
import { credentialNames } from '../../core/config/credential-names';
import { judgeOf } from '../../core/config/judge-of';
import { messageOf } from '../../core/errors';
import type { AnswerGrade, Grade } from '../../core/records';
import { graderKind } from '../../core/tasks/grader-kind';
import { taskOf } from '../../core/tasks/registry';
import type { Ledger } from '../../store/ledger';
import { isOfRow, type StoredCall } from '../../store/ledger/read-ledger';
import { createJudge } from '../../teacher';
import type { AuditCheck } from '../check';
import type { Evidence } from '../evidence';
import { Findings } from '../findings';
import type { RecordedStep } from '../recorded-workflow';

/** Every grade follows from the judge's stored replies, and every paid reply is in a grade. */
export const gradesCheck: AuditCheck = {
  name: 'grades',
  claim: "each grade is what the judge's replies say, and each paid reply is of a grade",
  run: async (evidence) => {
    const findings = new Findings('grades');
    const calls = await evidence.ledger.callsOf({ kind: 'run', name: evidence.run });
    const settled = calls.filter(({ state, purpose }) => state === 'settled' && !isOfRow(purpose));
    const requests = new Set<string>();
    for (const workflow of [...evidence.parents, ...evidence.iterations]) {
      for (const step of workflow.steps.filter(isGrading)) {
        const location = `${workflow.path}, event ${step.eventId} (${step.activity})`;
        try {
          await checkBatch(evidence, { step, location, settled, requests }, findings);
        } catch (error) {
          findings.found(location, messageOf(error));
        }
      }
    }
    for (const call of settled) {
      if (!requests.has(call.request_hash ?? '') && evidence.record.state !== 'running') {
        findings.found(`ledger.db, call ${call.id}`, `was paid for, but no table of grades has ${call.row}`);
      }
    }
    return findings.result();
  },
};

/** A user's program may say something else each time it is asked: its grades are taken as they were stored. */
const isGrading = ({ activity, isComplete, input }: RecordedStep) =>
  isComplete &&
  (activity === 'grade' ||
    (activity === 'gradeAnswers' && graderKind((input as GradeAnswersInput).config.task) === 'judge'));

interface Batch {
  readonly step: RecordedStep;
  readonly location: string;
  readonly settled: readonly StoredCall[];
  /** Collects the requests that the grades name. */
  readonly requests: Set<string>;
}

async function checkBatch(evidence: Evidence, { step, location, settled, requests }: Batch, findings: Findings) {
  const { store } = evidence;
  const stored = await store.readRecords<Grade | AnswerGrade>((step.result as GradeResult).grades);
  const now = await gradeAgain(evidence, step, settled);
  for (const [index, grade] of stored.entries()) {
    for (const request of grade.requests ?? []) {
      requests.add(request);
    }
    const again = now[index];
    // Nothing is stored about why a call has no grade, so only the absence of the grade can be checked.
    const isSame =
      grade.state === 'graded' || grade.state === 'incomparable' || grade.state === 'unasked'
        ? canonicalJson(again) === canonicalJson(grade)
        : again?.state !== 'graded';
    findings.check(
      isSame,
      `${location}, ${'id' in grade ? `seed ${grade.id}` : `answer ${index + 1}`}`,
      () => `the ledger's replies give ${canonicalJson(again ?? null)}, but ${canonicalJson(grade)} is stored`,
    );
  }
}

/** The judge with a ledger that returns every stored reply and refuses everything else. */
async function gradeAgain(evidence: Evidence, step: RecordedStep, settled: readonly StoredCall[]) {
  const { store, ledger, record } = evidence;
  const { config, prepared } = record;
  const byRow = new Map(settled.map((call) => [call.row, call]));
  const owned: Pick<Ledger, 'reserveCalls'> = {
    reserveCalls: async (charge, calls) => {
      const granted = [];
      for (const { row } of calls) {
        const call = byRow.get(row);
        if (call === undefined) {
          const account = { kind: 'run' as const, name: charge.run };
          return { granted, overBudget: { account, cap: 'nanoUsd', final: true, overrun: null } };
        }
        granted.push({ stored: await ledger.answerOf(call.shared_from ?? call.id) });
      }
      return { granted, overBudget: null };
    },
  };
  const judgeConfig = judgeOf(config);
  const judge = createJudge({
    config: judgeConfig,
    ledger: owned as Ledger,
    // Nothing is sent, so neither is used.
    offlineBaseUrl: 'http://127.0.0.1:9/v1',
    environment: Object.fromEntries(credentialNames(judgeConfig).map((name) => [name, 'unused'])),
  });
  const shared = {
    account: { run: record.run, experiment: record.experiment },
    ...{ runSeed: config.seed, signal: new AbortController().signal },
  };
  if (step.activity === 'grade') {
    const answers = await answersOf(store, { ...(step.input as GradeInput), prepared });
    return judge.buyGrades({ ...shared, kind: config.strategy.score as 'judge' | 'lion', answers });
  }
  const { grader } = taskOf(config.task);
  const answers = await answersToGrade(store, { ...(step.input as GradeAnswersInput), prepared });
  const verdicts = { ...shared, kind: 'verdict' as const, answers };
  const grades = await judge.buyGrades(grader?.kind === 'judge' ? { ...verdicts, grader } : verdicts);
  return grades.map(answerGrade);
}
