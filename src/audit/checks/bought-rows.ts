import type { GenerateInput, GenerateResult } from '../../activities/generate';
import { createScreenQuestions, type ScreenOf } from '../../activities/screen-questions';
import { plural } from '../../analysis/phrases';
import { canonicalJson } from '../../core/canonical-json';
import { messageOf } from '../../core/errors';
import { answersPerRow } from '../../core/hygiene/agreement';
import { verifyingProgram } from '../../core/hygiene/program-verification';
import type { QuestionScreen } from '../../core/hygiene/question-screen';
import type { AnswerGrade, Seed, SelectedSeed } from '../../core/records';
import { taskOf } from '../../core/tasks/registry';
import { allRecords, readTable, recordsById } from '../../store/artifacts/tables';
import { isOfRow, rowOf, type StoredCall } from '../../store/ledger/read-ledger';
import { type BoughtRow, type FurtherAnswer, type RowPlan, type RowRules, rowRules } from '../../teacher';
import type { AuditCheck } from '../check';
import type { Evidence } from '../evidence';
import { Findings } from '../findings';
import type { RecordedStep } from '../recorded-workflow';

/** Everything that was paid for is in a row, and every row follows from the teacher's answers. */
export const boughtRowsCheck: AuditCheck = {
  name: 'bought rows',
  claim: 'settled calls = raw answers = rows + rejected rows, and each row follows from its answers',
  run: async (evidence) => {
    const findings = new Findings('rows');
    const settled = (await evidence.ledger.callsOf({ kind: 'run', name: evidence.run })).filter(
      ({ state, purpose }) => state === 'settled' && isOfRow(purpose),
    );
    const auditor = new RowAuditor(evidence, new Map(settled.map((call) => [keyOf(call), call])));
    for (const workflow of evidence.iterations) {
      for (const step of workflow.steps) {
        if (step.activity === 'generate' && step.isComplete) {
          const location = `${workflow.path}, event ${step.eventId} (generate)`;
          await auditor.checkBatch(step, location, findings).catch((error: unknown) => {
            findings.found(location, messageOf(error));
          });
        }
      }
    }
    const isOpen = evidence.record.state === 'running';
    for (const call of settled) {
      if (!auditor.rows.has(rowOf(call)) && !isOpen) {
        findings.found(`ledger.db, call ${call.id}`, `was paid for, but no table of bought rows has ${call.row}`);
      }
    }
    return findings.result();
  },
};

/** Seeds of the pool that any selection picked. */
async function pickedSeeds({ store, record, iterations }: Evidence): Promise<ReadonlyMap<string, Seed>> {
  const steps = iterations.flatMap((iteration) => iteration.steps).filter(({ activity }) => activity === 'generate');
  const selections = new Map(
    steps.map(({ input }) => (input as GenerateInput).selection).map((ref) => [ref.sha256, ref]),
  );
  const ids = new Set<string>();
  for (const selection of selections.values()) {
    for await (const { seedId } of readTable<SelectedSeed>(store, selection)) {
      ids.add(seedId);
    }
  }
  return recordsById<Seed>(store, record.prepared.pool, ids);
}

class RowAuditor {
  /** Names of all rows in the histories. */
  readonly rows = new Set<string>();
  private readonly rules: RowRules;
  /** 0 for the row's answer, from 1 for further answers. */
  private readonly answerNumbers: readonly number[];
  private readonly seeds: Promise<ReadonlyMap<string, Seed>>;
  private readonly screenOf: ScreenOf;
  /** A program of the user verifies new rows. */
  private readonly hasProgram: boolean;

  constructor(
    private readonly evidence: Evidence,
    private readonly settled: ReadonlyMap<string, StoredCall>,
  ) {
    const { config } = evidence.record;
    const answers = answersPerRow(config.hygiene);
    this.answerNumbers = Array.from({ length: answers }, (_, again) => again);
    this.rules = rowRules(config.teacher, taskOf(config.task), answers);
    this.hasProgram = verifyingProgram(config) !== null;
    this.screenOf = createScreenQuestions(evidence.store);
    this.seeds = pickedSeeds(evidence);
    // The caller that awaits it gets the error.
    this.seeds.catch(() => {});
  }

  async checkBatch({ input, result }: RecordedStep, location: string, findings: Findings): Promise<void> {
    const { selection, from, to } = input as GenerateInput;
    const { store, record } = this.evidence;
    const picks = await allRecords<SelectedSeed>(store, selection, { from, to });
    const bought = await store.readRecords<BoughtRow>((result as GenerateResult).rows);
    const seeds = await this.seeds;
    const { prepared, config } = record;
    const screen = await this.screenOf({ ...(input as GenerateInput), prepared, config });
    if (bought.length !== picks.length) {
      findings.found(
        location,
        `${plural(picks.length, 'pick')} sent to the teacher, but ${plural(bought.length, 'row')} bought`,
      );
    }
    for (const [index, row] of bought.entries()) {
      const pick = picks[index];
      const seed = seeds.get(pick?.seedId ?? '');
      this.rows.add(row.row);
      if (pick === undefined || seed === undefined) {
        findings.found(location, `row ${row.row} belongs to no pick`);
        continue;
      }
      const { rank, askedBefore } = pick;
      const plan = this.rules.plan({ rank, seed, askedBefore }, record.config.seed);
      const problem = await this.problemOf(plan, row, screen).catch(messageOf);
      findings.check(problem === null, `${location}, rank ${row.rank}`, () => problem ?? '');
    }
  }

  private async problemOf(plan: RowPlan, row: BoughtRow, screen: QuestionScreen): Promise<string | null> {
    if (row.rank !== plan.order.rank || row.parent !== plan.order.seed.id || row.row !== plan.row) {
      return `is row ${row.row}, but its pick asks for ${plan.row}`;
    }
    const dearer = this.worstCaseProblem(plan);
    if (dearer !== null) {
      return dearer;
    }
    if (row.state === 'overBudget' || (row.state === 'rejected' && row.isUnanswered)) {
      return this.hasAllAnswers(row.row) ? `row ${row.row} is recorded as unanswered but was answered` : null;
    }
    if (row.state === 'answered' && this.hasProgram && row.verification === undefined) {
      return `row ${row.row} is to be verified by the program of task.command, but nothing is recorded of that`;
    }
    const expected = await this.expectedRow(plan, isScreened(row) ? screen : null);
    if (typeof expected === 'string') {
      return expected;
    }
    // A stored question that an earlier attempt rejected has another reason.
    const comparable =
      row.state === 'rejected' && row.stage === 'question'
        ? { ...expected, reason: row.reason }
        : this.isVerified(row)
          ? { ...expected, verification: row.verification }
          : expected;
    return canonicalJson(comparable) === canonicalJson(row)
      ? null
      : `the ledger's answers give ${canonicalJson(expected)}, but ${canonicalJson(row)} is stored`;
  }

  /** What the user's program said when the row was bought is never asked again: it is the record's own. */
  private isVerified(row: BoughtRow): row is BoughtRow & { state: 'answered'; verification: AnswerGrade } {
    return row.state === 'answered' && row.verification !== undefined && this.hasProgram;
  }

  /** A cap may refuse the replacement of a lost further answer, so a row with an answer may be over budget. */
  private hasAllAnswers(row: string): boolean {
    return this.answerNumbers.every((again) => this.settled.has(answerKey(row, again)));
  }

  /** The worst case was reserved for each call, so the caps were compared with the right numbers. */
  private worstCaseProblem({ row, toReserve }: RowPlan): string | null {
    const answers = this.answerNumbers.map((again) => [answerKey(row, again), toReserve.answer] as const);
    for (const [key, { tokens, nanoUsd }] of [[questionKey(row), toReserve.question] as const, ...answers]) {
      const call = this.settled.get(key);
      if (call !== undefined && (call.worst_tokens !== tokens || call.worst_nano_usd !== nanoUsd)) {
        return `call ${call.id} reserved ${call.worst_tokens} tokens and ${call.worst_nano_usd} nano-USD; its worst case is ${tokens} and ${nanoUsd}`;
      }
    }
    return null;
  }

  /** The row that follows from the ledger's answers, or what is wrong with them. */
  private async expectedRow(plan: RowPlan, screen: QuestionScreen | null): Promise<object | string> {
    const common = { rank: plan.order.rank, parent: plan.order.seed.id, row: plan.row };
    const questionRequest = plan.question.hash;
    const asked = await this.answerTo(questionKey(plan.row), questionRequest);
    if (typeof asked === 'string') {
      return asked;
    }
    const question = this.rules.readQuestion(asked, plan.order.seed);
    if (!question.ok) {
      const rejected = { state: 'rejected', stage: 'question', reason: question.reason };
      return { ...common, ...rejected, questionRequest, answerRequest: null };
    }
    const rejection = screen?.(question.value) ?? null;
    if (rejection !== null) {
      return { ...common, state: 'rejected', ...rejection, questionRequest, answerRequest: null };
    }
    const answerRequest = this.rules.answerRequest(plan, question.value).hash;
    const answered = await this.answerTo(answerKey(plan.row), answerRequest);
    if (typeof answered === 'string') {
      return answered;
    }
    const answer = this.rules.readAnswer(answered, question.value);
    const both = { questionRequest, answerRequest };
    if (!answer.ok) {
      return { ...common, state: 'rejected', stage: 'answer', reason: answer.reason, ...both };
    }
    const row = { ...common, state: 'answered', question: question.value, answer: answer.value, ...both };
    if (this.answerNumbers.length === 1) {
      return row;
    }
    const furtherAnswers = await this.expectedFurtherAnswers(plan, question.value);
    return typeof furtherAnswers === 'string' ? furtherAnswers : { ...row, furtherAnswers };
  }

  /** The further answers to the question; a call without a reply gives none. */
  private async expectedFurtherAnswers(plan: RowPlan, question: string): Promise<FurtherAnswer[] | string> {
    const furtherAnswers: FurtherAnswer[] = [];
    for (const again of this.answerNumbers.slice(1)) {
      const request = this.rules.answerRequest(plan, question, again).hash;
      const key = answerKey(plan.row, again);
      const answered = this.settled.has(key) ? await this.answerTo(key, request) : null;
      if (typeof answered === 'string') {
        return answered;
      }
      const read = answered === null ? null : this.rules.readAnswer(answered, question);
      furtherAnswers.push({ request, answer: read?.ok ? read.value : null });
    }
    return furtherAnswers;
  }

  private async answerTo(key: string, request: string) {
    const call = this.settled.get(key);
    if (call === undefined) {
      return `no settled call: ${key}`;
    }
    if (call.request_hash !== request) {
      return `the ${call.purpose} call ${call.id} is of request ${call.request_hash}, not ${request}`;
    }
    return this.evidence.ledger.answerOf(call.shared_from ?? call.id);
  }
}

/** Rejected before an answer was bought; versions that did not look then bought one, and rejected the row later. */
const isScreened = (row: BoughtRow) => row.state === 'rejected' && (row.stage === 'duplicate' || row.stage === 'leak');

/** The key of a settled call: purpose and name; a further answer is named by its row and number. */
const keyOf = ({ purpose, row }: StoredCall) => `${purpose} ${row}`;
const questionKey = (row: string) => `question ${row}`;
const answerKey = (row: string, again = 0) => (again === 0 ? `answer ${row}` : `agreement ${row}~${again}`);
