import type { GenerateInput, GenerateResult } from '../../activities/generate';
import { canonicalJson } from '../../core/canonical-json';
import { answersPerRow } from '../../core/hygiene/agreement';
import type { Pick as Picked, Seed } from '../../core/records';
import { taskOf } from '../../core/tasks';
import { allRecords, readTable, recordsById } from '../../store/artifacts/tables';
import type { StoredCall } from '../../store/ledger/read-ledger';
import { type AnswerSample, type BoughtRow, type RowPlan, type RowRules, rowRules } from '../../teacher';
import { isOfRow, rowOf } from '../call-purposes';
import { type Check, Findings, messageOf } from '../check';
import type { Evidence } from '../evidence';
import type { RecordedStep } from '../recorded-workflow';

/** Everything that was paid for is in a row, and every row says what the teacher answered. */
export const boughtRowsCheck: Check = {
  name: 'bought rows',
  claim: 'settled calls = raw answers = rows + rejected; each row is what its answers say',
  run: async (evidence) => {
    const findings = new Findings('rows');
    const settled = (await evidence.ledger.callsOf({ kind: 'run', name: evidence.run })).filter(
      ({ state, purpose }) => state === 'settled' && isOfRow(purpose),
    );
    const auditor = new RowAuditor(evidence, new Map(settled.map((call) => [keyOf(call), call])));
    for (const workflow of evidence.iterations) {
      for (const step of workflow.steps) {
        if (step.activity === 'generate' && step.isComplete) {
          const place = `${workflow.path}, event ${step.eventId} (generate)`;
          await auditor.checkBatch(step, place, findings).catch((error: unknown) => {
            findings.found(place, messageOf(error));
          });
        }
      }
    }
    const isOpen = evidence.record.state === 'running';
    for (const call of settled) {
      if (!auditor.rows.has(rowOf(call)) && !isOpen) {
        findings.found(`ledger.db, call ${call.id}`, `it was paid for and ${call.row} is in no batch of rows`);
      }
    }
    return findings.result();
  },
};

/** Of the pool those that any selection has. */
async function pickedSeeds({ store, record, iterations }: Evidence): Promise<ReadonlyMap<string, Seed>> {
  const steps = iterations.flatMap((iteration) => iteration.steps).filter(({ activity }) => activity === 'generate');
  const selections = new Map(
    steps.map(({ input }) => (input as GenerateInput).selection).map((ref) => [ref.sha256, ref]),
  );
  const ids = new Set<string>();
  for (const selection of selections.values()) {
    for await (const { seedId } of readTable<Picked>(store, selection)) {
      ids.add(seedId);
    }
  }
  return recordsById<Seed>(store, record.prepared.pool, ids);
}

class RowAuditor {
  /** Names of all rows that the histories speak of. */
  readonly rows = new Set<string>();
  private readonly rules: RowRules;
  /** 0 for the row's answer; from 1 for further ones, where they are compared. */
  private readonly answerNumbers: readonly number[];
  private readonly seeds: Promise<ReadonlyMap<string, Seed>>;

  constructor(
    private readonly evidence: Evidence,
    private readonly settled: ReadonlyMap<string, StoredCall>,
  ) {
    const { config } = evidence.record;
    const answers = answersPerRow(config.hygiene);
    this.answerNumbers = Array.from({ length: answers }, (_, again) => again);
    this.rules = rowRules(config.teacher, taskOf(config.task), answers);
    this.seeds = pickedSeeds(evidence);
    // Whoever awaits it meets the error.
    this.seeds.catch(() => {});
  }

  async checkBatch({ input, result }: RecordedStep, place: string, findings: Findings): Promise<void> {
    const { selection, from, to } = input as GenerateInput;
    const { store, record } = this.evidence;
    const picks = await allRecords<Picked>(store, selection, { from, to });
    const bought = await store.readRecords<BoughtRow>((result as GenerateResult).rows);
    const seeds = await this.seeds;
    if (bought.length !== picks.length) {
      findings.found(place, `${picks.length} picks were put to the teacher, there are ${bought.length} rows`);
    }
    for (const [index, row] of bought.entries()) {
      const pick = picks[index];
      const seed = seeds.get(pick?.seedId ?? '');
      this.rows.add(row.row);
      if (pick === undefined || seed === undefined) {
        findings.found(place, `row ${row.row} belongs to no pick`);
        continue;
      }
      const { rank, askedBefore } = pick;
      const plan = this.rules.plan({ rank, seed, askedBefore }, record.config.seed);
      const problem = await this.problemOf(plan, row).catch(messageOf);
      findings.check(problem === null, `${place}, rank ${row.rank}`, () => problem ?? '');
    }
  }

  private async problemOf(plan: RowPlan, row: BoughtRow): Promise<string | null> {
    if (row.rank !== plan.order.rank || row.parent !== plan.order.seed.id || row.row !== plan.row) {
      return `row ${row.row} is not the one that its pick asks for, ${plan.row}`;
    }
    const dearer = this.worstCaseProblem(plan);
    if (dearer !== null) {
      return dearer;
    }
    if (row.state === 'refused' || (row.state === 'rejected' && row.isUnanswered)) {
      return this.hasAllAnswers(row.row) ? `row ${row.row} was answered and says it was not` : null;
    }
    const expected = await this.expectedRow(plan);
    if (typeof expected === 'string') {
      return expected;
    }
    // A stored question that was rejected in an earlier attempt is named with another reason.
    const comparable =
      row.state === 'rejected' && row.stage === 'question' ? { ...expected, reason: row.reason } : expected;
    return canonicalJson(comparable) === canonicalJson(row)
      ? null
      : `the ledger's answers make ${canonicalJson(expected)}, stored is ${canonicalJson(row)}`;
  }

  /** A cap may refuse the further answer that would take a lost one's place: so a row with an answer may be refused. */
  private hasAllAnswers(row: string): boolean {
    return this.answerNumbers.every((again) => this.settled.has(answerKey(row, again)));
  }

  /** Room was held for what the calls could cost at most, so the caps were held against the right numbers. */
  private worstCaseProblem({ row, toReserve }: RowPlan): string | null {
    const answers = this.answerNumbers.map((again) => [answerKey(row, again), toReserve.answer] as const);
    for (const [key, { tokens, nanoUsd }] of [[questionKey(row), toReserve.question] as const, ...answers]) {
      const call = this.settled.get(key);
      if (call !== undefined && (call.worst_tokens !== tokens || call.worst_nano_usd !== nanoUsd)) {
        return `call ${call.id} held ${call.worst_tokens} tokens and ${call.worst_nano_usd} nano-USD; its worst case is ${tokens} and ${nanoUsd}`;
      }
    }
    return null;
  }

  /** The row that the ledger's answers make, or what is wrong with them. */
  private async expectedRow(plan: RowPlan): Promise<object | string> {
    const common = { rank: plan.order.rank, parent: plan.order.seed.id, row: plan.row };
    const questionRequest = plan.question.hash;
    const asked = await this.answerTo(questionKey(plan.row), questionRequest);
    if (typeof asked === 'string') {
      return asked;
    }
    const question = this.rules.readQuestion(asked);
    if (!question.ok) {
      const rejected = { state: 'rejected', stage: 'question', reason: question.reason };
      return { ...common, ...rejected, questionRequest, answerRequest: null };
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
    const samples = await this.expectedSamples(plan, question.value);
    return typeof samples === 'string' ? samples : { ...row, samples };
  }

  /** What the further answers to the question say; one that nobody gave is none. */
  private async expectedSamples(plan: RowPlan, question: string): Promise<AnswerSample[] | string> {
    const samples: AnswerSample[] = [];
    for (const again of this.answerNumbers.slice(1)) {
      const request = this.rules.answerRequest(plan, question, again).hash;
      const key = answerKey(plan.row, again);
      const answered = this.settled.has(key) ? await this.answerTo(key, request) : null;
      if (typeof answered === 'string') {
        return answered;
      }
      const read = answered === null ? null : this.rules.readAnswer(answered, question);
      samples.push({ request, answer: read?.ok ? read.value : null });
    }
    return samples;
  }

  private async answerTo(key: string, request: string) {
    const call = this.settled.get(key);
    if (call === undefined) {
      return `there is no settled call: ${key}`;
    }
    if (call.request_hash !== request) {
      return `the ${call.purpose} call ${call.id} is of request ${call.request_hash}, not ${request}`;
    }
    return this.evidence.ledger.answerOf(call.shared_from ?? call.id);
  }
}

/** Settled calls by purpose and name, as the ledger has them; a further answer is named by its row and its number. */
const keyOf = ({ purpose, row }: StoredCall) => `${purpose} ${row}`;
const questionKey = (row: string) => `question ${row}`;
const answerKey = (row: string, again = 0) => (again === 0 ? `answer ${row}` : `verify ${row}~${again}`);
