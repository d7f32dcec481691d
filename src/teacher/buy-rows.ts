import { TutelageError } from '../core/errors';
import { programDoubt } from '../core/hygiene/program-verification';
import { UselessRowCount, uselessSentence } from '../core/hygiene/useless-rows';
import type { RejectedRow } from '../core/records';
import type { GrantedRow, Refusal } from '../store/ledger';
import type { PaidCaller, PaidCallParts, PaidCallResult } from './paid-call';
import { Purchase } from './purchase';
import type { RowPlan, RowRules } from './row-plan';
import type { BoughtRow, BuyRequest, FurtherAnswer } from './types';

type BuyingParts = PaidCallParts & { readonly rules: RowRules };

/** Buys one question and its answers for each order; the rows come back in rank order. */
export async function buyRows(parts: BuyingParts, request: BuyRequest): Promise<BoughtRow[]> {
  return new RowPurchase(parts, request).run();
}

class RowPurchase {
  private readonly plans: readonly RowPlan[];
  private readonly results = new Map<RowPlan, BoughtRow>();
  private readonly purchase: Purchase;
  private readonly useless: UselessRowCount;

  constructor(
    private readonly parts: BuyingParts,
    private readonly request: BuyRequest,
  ) {
    const { signal, onProgress, orders, runSeed } = request;
    const wording = { who: 'the teacher', what: 'rows', section: 'teacher' };
    this.purchase = new Purchase({ parts, signal, onProgress, wording });
    this.plans = orders
      .toSorted((left, right) => left.rank - right.rank)
      .map((order) => parts.rules.plan(order, runSeed, request.screen));
    this.useless = new UselessRowCount(orders.length, request.acceptedRejections);
  }

  async run(): Promise<BoughtRow[]> {
    await this.purchase.run(() =>
      this.purchase.buyAll<RowPlan, GrantedRow>(this.plans, {
        reserve: (left) => this.reserve(left),
        buy: async (plan, granted) => {
          const { question, answer, further } = granted;
          const row = await this.purchase.withCaller([question, answer, ...further], (caller) =>
            this.buyRow(caller, plan, granted),
          );
          this.results.set(plan, row);
          this.stopWhenUseless(plan, row);
        },
        leaveOut: (plan, refusal) => this.results.set(plan, overBudgetRow(plan, refusal)),
      }),
    );
    return this.plans.map((plan) => this.results.get(plan) as BoughtRow);
  }

  private async reserve(left: readonly RowPlan[]) {
    const rows = left.map(({ toReserve }) => toReserve);
    const { granted, overBudget } = await this.parts.ledger.reserveRows(this.request.account, rows);
    const byRow = new Map(granted.map((row) => [row.row, row]));
    const entries = left.flatMap((plan): [RowPlan, GrantedRow][] => {
      const row = byRow.get(plan.row);
      return row === undefined ? [] : [[plan, row]];
    });
    return { granted: new Map(entries), overBudget };
  }

  private async buyRow(caller: PaidCaller, plan: RowPlan, granted: GrantedRow): Promise<BoughtRow> {
    const { rules, ledger } = this.parts;
    const common = { rank: plan.order.rank, parent: plan.order.seed.id, row: plan.row };
    const requests = { questionRequest: plan.question.hash, answerRequest: null };
    const asked = await caller.ask(granted.question, plan.question, Promise.resolve());
    if (asked.state !== 'answered') {
      return this.withoutReply(plan, asked, 'question', requests);
    }
    const question = rules.readQuestion(asked.answer, plan.order.seed);
    if (!question.ok) {
      await asked.durable;
      return { ...common, state: 'rejected', stage: 'question', reason: question.reason, ...requests };
    }
    const rejection = this.request.screen?.(question.value) ?? null;
    if (rejection !== null) {
      await asked.durable;
      return { ...common, state: 'rejected', ...rejection, ...requests };
    }
    if (granted.answer === null) {
      throw new RangeError(`no answer was reserved for row ${plan.row}, whose question can be kept`);
    }
    const answerRequest = rules.answerRequest(plan, question.value);
    const both = { ...requests, answerRequest: answerRequest.hash };
    const answered = await caller.ask(granted.answer, answerRequest, asked.durable);
    if (answered.state !== 'answered') {
      return this.withoutReply(plan, answered, 'answer', both);
    }
    await answered.durable;
    const answer = rules.readAnswer(answered.answer, question.value);
    if (!answer.ok) {
      await ledger.dropSamples(this.request.account.run, [plan.row]);
      return { ...common, state: 'rejected', stage: 'answer', reason: answer.reason, ...both };
    }
    const row = { ...common, state: 'answered' as const, question: question.value, answer: answer.value, ...both };
    if (this.request.verify !== undefined) {
      return { ...row, verification: await this.request.verify(row) };
    }
    if (granted.further.length === 0) {
      return row;
    }
    const furtherAnswers = await this.askFurther(caller, plan, granted, question.value);
    return 'overBudget' in furtherAnswers ? overBudgetRow(plan, furtherAnswers.overBudget) : { ...row, furtherAnswers };
  }

  /** @throws TutelageError `useless-rows` */
  private stopWhenUseless(plan: RowPlan, row: BoughtRow): void {
    if (this.request.stopsWhenUseless !== true || row.state === 'overBudget') {
      return;
    }
    const useless = this.useless.see(this.plans.indexOf(plan), rejectionSoFar(row));
    if (useless !== null) {
      throw new TutelageError('useless-rows', uselessSentence(useless), undefined, { details: useless });
    }
  }

  /** More answers to the row's question. Where a cap refuses one after a lost reply, the whole row is over budget. */
  private async askFurther(
    caller: PaidCaller,
    plan: RowPlan,
    { further }: GrantedRow,
    question: string,
  ): Promise<FurtherAnswer[] | { readonly overBudget: Pick<Refusal, 'cap' | 'account'> }> {
    const { rules } = this.parts;
    const furtherAnswers: FurtherAnswer[] = [];
    for (const [index, call] of further.entries()) {
      const request = rules.answerRequest(plan, question, index + 1);
      const asked = await caller.ask(call, request, Promise.resolve());
      if (asked.state === 'overBudget') {
        return { overBudget: asked };
      }
      if (asked.state === 'failed') {
        this.purchase.countRefusal(asked.reason);
        furtherAnswers.push({ request: request.hash, answer: null });
        continue;
      }
      await asked.durable;
      const answer = rules.readAnswer(asked.answer, question);
      furtherAnswers.push({ request: request.hash, answer: answer.ok ? answer.value : null });
    }
    return furtherAnswers;
  }

  private withoutReply(
    plan: RowPlan,
    asked: Exclude<PaidCallResult, { state: 'answered' }>,
    stage: 'question' | 'answer',
    requests: { questionRequest: string; answerRequest: string | null },
  ): BoughtRow {
    if (asked.state === 'overBudget') {
      return overBudgetRow(plan, asked);
    }
    this.purchase.countRefusal(asked.reason);
    const { rank, seed } = plan.order;
    const common = { rank, parent: seed.id, row: plan.row, state: 'rejected' as const, isUnanswered: true as const };
    return { ...common, stage, reason: asked.reason, ...requests };
  }
}

/** Why a bought row cannot be used, as far as it shows before the row is compared with others. */
function rejectionSoFar(
  row: Exclude<BoughtRow, { state: 'overBudget' }>,
): Pick<RejectedRow, 'stage' | 'reason'> | null {
  if (row.state === 'rejected') {
    return row.isUnanswered === true ? null : row;
  }
  const doubt = row.verification === undefined ? null : programDoubt(row.verification);
  return doubt === null ? null : { stage: 'verify', reason: doubt };
}

function overBudgetRow(plan: RowPlan, { cap, account }: Pick<Refusal, 'cap' | 'account'>): BoughtRow {
  return {
    rank: plan.order.rank,
    parent: plan.order.seed.id,
    row: plan.row,
    state: 'overBudget',
    cap: cap === 'nanoUsd' ? 'usd' : cap,
    account: account.kind,
  };
}
