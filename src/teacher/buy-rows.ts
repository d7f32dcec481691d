import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { TutelageError } from '../core/errors';
import type { GrantedRow, Refusal } from '../store/ledger';
import { type AskingParts, RowAsker } from './asking';
import { limitsOf } from './limiter';
import type { RowPlan, RowRules } from './row-plan';
import type { AnswerSample, BoughtRow, BuyRequest } from './types';

/** What is out when a run is cancelled has this long to come back; later it counts as unknown. */
const graceMs = 5000;

/** How long a reservation that was refused for now waits before it looks again. */
const lookAgainMs = 100;

type BuyingParts = AskingParts & { readonly rules: RowRules };

export async function buyRows(parts: BuyingParts, request: BuyRequest): Promise<BoughtRow[]> {
  const purchase = new Purchase(parts, request);
  return purchase.run();
}

/** One micro-batch on its way: reserves in rank order, works on what was granted, reports in rank order. */
class Purchase {
  private readonly plans: readonly RowPlan[];
  private readonly results = new Map<RowPlan, BoughtRow>();
  private readonly working = new Set<Promise<void>>();
  private readonly stop = new AbortController();
  private readonly cut = new AbortController();
  private readonly waiting = new Map<RowPlan, string>();
  private failure: { readonly error: unknown } | null = null;
  private failing = 0;

  constructor(
    private readonly parts: BuyingParts,
    private readonly request: BuyRequest,
  ) {
    const ordered = [...request.orders].sort((left, right) => left.rank - right.rank);
    // Every request that is out listens.
    setMaxListeners(0, this.stop.signal, this.cut.signal);
    this.plans = ordered.map((order) => parts.rules.plan(order, request.runSeed));
  }

  async run(): Promise<BoughtRow[]> {
    const { signal } = this.request;
    let grace: NodeJS.Timeout | undefined;
    const cancel = () => {
      this.stop.abort(signal.reason);
      grace = setTimeout(() => this.cut.abort(), graceMs);
    };
    signal.throwIfAborted();
    signal.addEventListener('abort', cancel);
    const leave = this.parts.limiter.join(limitsOf(this.parts.config));
    const heartbeat = setInterval(() => this.report(), 1000);
    try {
      await this.reserveAndStart();
      await Promise.all(this.working);
    } catch (error) {
      this.fail(error);
      await Promise.all(this.working);
    } finally {
      leave();
      clearInterval(heartbeat);
      clearTimeout(grace);
      signal.removeEventListener('abort', cancel);
    }
    signal.throwIfAborted();
    if (this.failure !== null) {
      throw this.failure.error;
    }
    return this.plans.map((plan) => this.results.get(plan) as BoughtRow);
  }

  private async reserveAndStart(): Promise<void> {
    const { ledger } = this.parts;
    let left = this.plans;
    while (left.length > 0) {
      this.stop.signal.throwIfAborted();
      const { granted, refused } = await ledger.reserveRows(
        this.request.account,
        left.map(({ toReserve }) => toReserve),
      );
      const byRow = new Map(granted.map((row) => [row.row, row]));
      for (const plan of left) {
        const row = byRow.get(plan.row);
        if (row !== undefined) {
          this.start(plan, row);
        }
      }
      left = left.filter(({ row }) => !byRow.has(row));
      if (refused === null) {
        return;
      }
      if (refused !== 'busy' && refused.final) {
        for (const plan of left) {
          this.finish(plan, refusedRow(plan, refused));
        }
        return;
      }
      // True prices come in below worst cases, here or in another batch, and free room.
      await Promise.race([...this.working, sleep(lookAgainMs)]);
    }
  }

  private start(plan: RowPlan, granted: GrantedRow): void {
    const work = this.buy(plan, granted)
      .then((row) => this.finish(plan, row))
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.working.delete(work);
      });
    this.working.add(work);
  }

  private async buy(plan: RowPlan, granted: GrantedRow): Promise<BoughtRow> {
    const asker = new RowAsker(this.parts, this.stop.signal, this.cut.signal, (why) => this.note(plan, why));
    asker.hold([granted.question, granted.answer, ...granted.further]);
    try {
      return await this.buyThrough(asker, plan, granted);
    } finally {
      await asker.end();
    }
  }

  private async buyThrough(asker: RowAsker, plan: RowPlan, granted: GrantedRow): Promise<BoughtRow> {
    const { rules, ledger } = this.parts;
    const common = { rank: plan.order.rank, parent: plan.order.seed.id, row: plan.row };
    const requests = { questionRequest: plan.question.hash, answerRequest: null };
    const asked = await asker.ask(granted.question, plan.question, Promise.resolve());
    if (asked.state !== 'answered') {
      return this.withoutAnswer(plan, asked, 'question', requests);
    }
    const question = rules.readQuestion(asked.answer);
    if (!question.ok || granted.answer === null) {
      await asked.durable;
      const reason = question.ok ? 'the question was rejected before' : question.reason;
      return { ...common, state: 'rejected', stage: 'question', reason, ...requests };
    }
    const answerRequest = rules.answerRequest(plan, question.value);
    const both = { ...requests, answerRequest: answerRequest.hash };
    const answered = await asker.ask(granted.answer, answerRequest, asked.durable);
    if (answered.state !== 'answered') {
      return this.withoutAnswer(plan, answered, 'answer', both);
    }
    await answered.durable;
    const answer = rules.readAnswer(answered.answer, question.value);
    if (!answer.ok) {
      await ledger.dropSamples(this.request.account.run, [plan.row]);
      return { ...common, state: 'rejected', stage: 'answer', reason: answer.reason, ...both };
    }
    const row = { ...common, state: 'answered' as const, question: question.value, answer: answer.value, ...both };
    if (granted.further.length === 0) {
      return row;
    }
    const samples = await this.askFurther(asker, plan, granted, question.value);
    return 'refused' in samples ? refusedRow(plan, samples.refused) : { ...row, samples };
  }

  /** More answers to the row's question. One that a cap refuses after a lost reply takes the row with it. */
  private async askFurther(
    asker: RowAsker,
    plan: RowPlan,
    { further }: GrantedRow,
    question: string,
  ): Promise<AnswerSample[] | { readonly refused: Omit<Refusal, 'final'> }> {
    const { rules } = this.parts;
    const samples: AnswerSample[] = [];
    for (const [index, call] of further.entries()) {
      const request = rules.answerRequest(plan, question, index + 1);
      const asked = await asker.ask(call, request, Promise.resolve());
      if (asked.state === 'refused') {
        return { refused: asked };
      }
      if (asked.state === 'failed') {
        this.countFailure(asked.reason);
        samples.push({ request: request.hash, answer: null });
        continue;
      }
      await asked.durable;
      const answer = rules.readAnswer(asked.answer, question);
      samples.push({ request: request.hash, answer: answer.ok ? answer.value : null });
    }
    return samples;
  }

  private withoutAnswer(
    plan: RowPlan,
    asked: { state: 'failed'; reason: string } | ({ state: 'refused' } & Omit<Refusal, 'final'>),
    stage: 'question' | 'answer',
    requests: { questionRequest: string; answerRequest: string | null },
  ): BoughtRow {
    if (asked.state === 'refused') {
      return refusedRow(plan, asked);
    }
    this.countFailure(asked.reason);
    const { rank, seed } = plan.order;
    const common = { rank, parent: seed.id, row: plan.row, state: 'rejected' as const, isUnanswered: true as const };
    return { ...common, stage, reason: asked.reason, ...requests };
  }

  private countFailure(reason: string): void {
    this.failing += 1;
    const { length } = this.plans;
    if (this.failing >= Math.max(5, this.parts.config.failing_share_max * length)) {
      throw new TutelageError(
        'teacher-refused',
        `the teacher refused ${this.failing} of ${length} rows; the last: ${reason}`,
        'correct the teacher section of the configuration, or the seeds, then resume; refused rows cost nothing',
      );
    }
  }

  private finish(plan: RowPlan, row: BoughtRow): void {
    this.results.set(plan, row);
    this.report();
  }

  /** The first failure stops the batch: nothing new is sent, what is out comes home. */
  private fail(error: unknown): void {
    this.failure ??= { error };
    this.stop.abort(error);
  }

  private note(plan: RowPlan, why: string | null): void {
    if (why === null) {
      this.waiting.delete(plan);
    } else {
      this.waiting.set(plan, why);
    }
  }

  private report(): void {
    const [waiting] = this.waiting.values();
    this.request.onProgress?.({ done: this.results.size, total: this.plans.length, waiting: waiting ?? null });
  }
}

function refusedRow(plan: RowPlan, { cap, account }: Omit<Refusal, 'final'>): BoughtRow {
  return {
    rank: plan.order.rank,
    parent: plan.order.seed.id,
    row: plan.row,
    state: 'refused',
    cap: cap === 'nanoUsd' ? 'usd' : cap,
    account: account.kind,
  };
}
