import { answersOf, type GradeInput, type GradeResult } from '../../activities/grade';
import { canonicalJson } from '../../core/canonical-json';
import type { Grade } from '../../core/records';
import { judgeOf } from '../../core/strategies';
import type { Ledger } from '../../store/ledger';
import type { StoredCall } from '../../store/ledger/read-ledger';
import { createJudge } from '../../teacher';
import { isOfRow } from '../call-purposes';
import { type Check, Findings, messageOf } from '../check';
import type { Evidence } from '../evidence';
import type { RecordedStep } from '../recorded-workflow';

/** Every grade follows from the judge's stored replies, and every paid reply is in a grade. */
export const gradesCheck: Check = {
  name: 'grades',
  claim: "each grade is what the judge's replies say, and each paid reply is of a grade",
  run: async (evidence) => {
    const findings = new Findings('grades');
    const calls = await evidence.ledger.callsOf({ kind: 'run', name: evidence.run });
    const settled = calls.filter(({ state, purpose }) => state === 'settled' && !isOfRow(purpose));
    const requests = new Set<string>();
    for (const workflow of evidence.iterations) {
      for (const step of workflow.steps.filter(({ activity, isComplete }) => activity === 'grade' && isComplete)) {
        const place = `${workflow.path}, event ${step.eventId} (grade)`;
        try {
          await checkBatch(evidence, { step, place, settled, requests }, findings);
        } catch (error) {
          findings.found(place, messageOf(error));
        }
      }
    }
    for (const call of settled) {
      if (!requests.has(call.request_hash ?? '') && evidence.record.state !== 'running') {
        findings.found(`ledger.db, call ${call.id}`, `it was paid for and ${call.row} is in no table of grades`);
      }
    }
    return findings.result();
  },
};

interface Batch {
  readonly step: RecordedStep;
  readonly place: string;
  readonly settled: readonly StoredCall[];
  /** Filled with the requests that the grades name. */
  readonly requests: Set<string>;
}

async function checkBatch(evidence: Evidence, { step, place, settled, requests }: Batch, findings: Findings) {
  const { store } = evidence;
  const stored = await store.readRecords<Grade>((step.result as GradeResult).grades);
  const now = await gradeAgain(evidence, step.input as GradeInput, settled);
  for (const [index, grade] of stored.entries()) {
    for (const request of grade.requests) {
      requests.add(request);
    }
    const again = now[index];
    // A call that failed or was refused has left nothing that tells which; only that there is no grade can be checked.
    const isSame =
      grade.state === 'graded' || grade.state === 'incomparable'
        ? canonicalJson(again) === canonicalJson(grade)
        : again?.state !== 'graded';
    findings.check(
      isSame,
      `${place}, seed ${grade.id}`,
      () => `the ledger's replies make ${canonicalJson(again ?? null)}, stored is ${canonicalJson(grade)}`,
    );
  }
}

/** The judge at work with a ledger that owns every reply it has, and refuses the rest. */
async function gradeAgain({ store, ledger, record }: Evidence, input: GradeInput, settled: readonly StoredCall[]) {
  const { config, prepared } = record;
  const byRow = new Map(settled.map((call) => [call.row, call]));
  const owned: Pick<Ledger, 'reserveCalls'> = {
    reserveCalls: async (charge, calls) => {
      const granted = [];
      for (const { row } of calls) {
        const call = byRow.get(row);
        if (call === undefined) {
          const account = { kind: 'run' as const, name: charge.run };
          return { granted, refused: { account, cap: 'nanoUsd', final: true } };
        }
        granted.push({ stored: await ledger.answerOf(call.shared_from ?? call.id) });
      }
      return { granted, refused: null };
    },
  };
  const judgeConfig = judgeOf(config);
  const judge = createJudge({
    config: judgeConfig,
    ledger: owned as Ledger,
    // Nothing is sent: neither is ever used.
    offlineBaseUrl: 'http://127.0.0.1:9/v1',
    environment: { [judgeConfig.api_key_env]: 'unused' },
  });
  return judge.buyGrades({
    account: { run: record.run, experiment: record.experiment },
    kind: config.strategy.score as 'judge' | 'lion',
    answers: await answersOf(store, { ...input, prepared }),
    runSeed: config.seed,
    signal: new AbortController().signal,
  });
}
