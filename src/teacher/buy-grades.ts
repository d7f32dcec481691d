import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { worstCase } from '../core/budget/price';
import { inputTokensMax } from '../core/budget/token-bound';
import { TutelageError } from '../core/errors';
import type { Grade } from '../core/records';
import { type GradeRequest, gradeRequests, judgePromptVersion, type Marks, readMarks } from '../core/strategies';
import type { CallToReserve, GrantedCall } from '../store/ledger';
import { type AskingParts, RowAsker } from './asking';
import type { AnswerToGrade, GradesRequest } from './judge';
import { limitsOf } from './limiter';
import { textOf } from './reply';
import { chatRequest, requestHash, samplingSeed } from './request';
import type { IdentifiedRequest } from './row-plan';

/** A reply that cannot be read is asked for again with another sample number, so many times in all. */
const repliesMax = 3;

/** What is out when a run is cancelled has this long to come back; later it counts as unknown. */
const graceMs = 5000;

/** How long a reservation that was refused for now waits before it looks again. */
const lookAgainMs = 100;

export async function buyGrades(parts: AskingParts, request: GradesRequest): Promise<Grade[]> {
  return new GradePurchase(parts, request).run();
}

/** One call to the judge. Equal ones (equal questions with equal answers) are one call. */
interface Ask {
  readonly asked: GradeRequest;
  readonly identified: IdentifiedRequest;
}

type Reply =
  | { readonly state: 'read'; readonly marks: Marks }
  | { readonly state: 'unreadable' | 'refused' | 'failed' };

/** Some answers on their way to be graded: reserves in order, asks in rounds, tells in order. */
class GradePurchase {
  private readonly replies = new Map<string, Reply>();
  private readonly working = new Set<Promise<void>>();
  private readonly stop = new AbortController();
  private readonly cut = new AbortController();
  private failure: { readonly error: unknown } | null = null;
  private failing = 0;
  private total = 0;

  constructor(
    private readonly parts: AskingParts,
    private readonly request: GradesRequest,
  ) {
    // Every request that is out listens.
    setMaxListeners(0, this.stop.signal, this.cut.signal);
  }

  async run(): Promise<Grade[]> {
    const { signal } = this.request;
    let grace: NodeJS.Timeout | undefined;
    const cancel = () => {
      this.stop.abort(signal.reason);
      grace = setTimeout(() => this.cut.abort(), graceMs);
    };
    signal.throwIfAborted();
    signal.addEventListener('abort', cancel);
    const leave = this.parts.limiter.join(limitsOf(this.parts.config));
    try {
      for (let sample = 0; sample < repliesMax; sample += 1) {
        await this.askAll(this.missing(sample));
      }
    } catch (error) {
      this.fail(error);
      await Promise.all(this.working);
    } finally {
      leave();
      clearTimeout(grace);
      signal.removeEventListener('abort', cancel);
    }
    signal.throwIfAborted();
    if (this.failure !== null) {
      throw this.failure.error;
    }
    return this.request.answers.map((answer) => this.gradeOf(answer));
  }

  /** The calls of a round: all at first, then those whose reply could not be read. Each once, in order. */
  private missing(sample: number): Ask[] {
    const asks = this.request.answers.flatMap((answer) =>
      (this.requestsOf(answer) ?? []).flatMap((asked) => {
        const before = sample === 0 ? null : this.replies.get(this.identify(asked, sample - 1).hash);
        return before === null || before?.state === 'unreadable'
          ? [{ asked, identified: this.identify(asked, sample) }]
          : [];
      }),
    );
    return [...new Map(asks.map((ask) => [ask.identified.hash, ask])).values()];
  }

  private async askAll(asks: readonly Ask[]): Promise<void> {
    const { ledger } = this.parts;
    this.total += asks.length;
    let left = asks;
    while (left.length > 0) {
      this.stop.signal.throwIfAborted();
      const { granted, refused } = await ledger.reserveCalls(
        this.request.account,
        left.map((ask) => this.toReserve(ask)),
      );
      granted.forEach((call, index) => {
        this.start(left[index] as Ask, call);
      });
      left = left.slice(granted.length);
      if (refused !== null && refused !== 'busy' && refused.final) {
        for (const { identified } of left) {
          this.tell(identified, { state: 'refused' });
        }
        break;
      }
      if (left.length > 0) {
        // True prices come in below worst cases, here or in another step, and free room.
        await Promise.race([...this.working, sleep(lookAgainMs)]);
      }
    }
    await Promise.all(this.working);
    if (this.failure !== null) {
      throw this.failure.error;
    }
  }

  private start(ask: Ask, call: GrantedCall): void {
    const work = this.ask(ask, call)
      .then((reply) => this.tell(ask.identified, reply))
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.working.delete(work);
      });
    this.working.add(work);
  }

  private async ask({ asked, identified }: Ask, call: GrantedCall): Promise<Reply> {
    const asker = new RowAsker(this.parts, this.stop.signal, this.cut.signal, (why) => this.report(why));
    asker.hold([call]);
    try {
      const result = await asker.ask(call, identified, Promise.resolve());
      if (result.state === 'failed') {
        this.countFailure(result.reason);
        return { state: 'failed' };
      }
      if (result.state === 'refused') {
        return { state: 'refused' };
      }
      await result.durable;
      const { finish, raw } = result.answer;
      const marks = finish === 'stop' ? readMarks(asked.order, textOf(raw)) : null;
      return marks === null ? { state: 'unreadable' } : { state: 'read', marks };
    } finally {
      await asker.end();
    }
  }

  /** What the replies amount to. Marks of both orders are averaged; with one order missing there is no grade. */
  private gradeOf(answer: AnswerToGrade): Grade {
    const asked = this.requestsOf(answer);
    if (asked === null) {
      return { id: answer.seed.id, state: 'incomparable', student: null, reference: null, requests: [] };
    }
    const requests: string[] = [];
    const replies = asked.map((each) => {
      let reply: Reply = { state: 'unreadable' };
      for (let sample = 0; sample < repliesMax && reply.state === 'unreadable'; sample += 1) {
        const { hash } = this.identify(each, sample);
        reply = this.replies.get(hash) as Reply;
        requests.push(hash);
      }
      return reply;
    });
    const marks = replies.flatMap((reply) => (reply.state === 'read' ? [reply.marks] : []));
    if (marks.length < replies.length) {
      const state = replies.some((reply) => reply.state === 'refused') ? 'refused' : 'ungraded';
      return { id: answer.seed.id, state, student: null, reference: null, requests };
    }
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const references = marks.flatMap(({ reference }) => (reference === null ? [] : [reference]));
    return {
      id: answer.seed.id,
      state: 'graded',
      student: mean(marks.map(({ student }) => student)),
      reference: references.length === 0 ? null : mean(references),
      requests,
    };
  }

  private requestsOf({ seed, answer }: AnswerToGrade): readonly GradeRequest[] | null {
    return gradeRequests(this.request.kind, seed, answer);
  }

  private identify({ messages }: GradeRequest, sample: number): IdentifiedRequest {
    const { config } = this.parts;
    const request = chatRequest(config, messages, samplingSeed(this.request.runSeed, sample));
    return { request, hash: requestHash(config, request, judgePromptVersion, sample) };
  }

  /** Named by its request alone: an answer that the student gives again is graded already, and costs this run nothing. */
  private toReserve({ asked, identified }: Ask): CallToReserve {
    const { max_tokens, price } = this.parts.config;
    const worst = worstCase(inputTokensMax(asked.messages), max_tokens, price);
    return { row: `grade#${identified.hash.slice(0, 32)}`, purpose: this.request.kind, worst };
  }

  private countFailure(reason: string): void {
    this.failing += 1;
    if (this.failing >= Math.max(5, this.parts.config.failing_share_max * this.total)) {
      throw new TutelageError(
        'teacher-refused',
        `the judge refused ${this.failing} of ${this.total} calls; the last: ${reason}`,
        'correct the judge section of the configuration, then resume; refused calls cost nothing',
      );
    }
  }

  private tell({ hash }: IdentifiedRequest, reply: Reply): void {
    this.replies.set(hash, reply);
    this.report(null);
  }

  /** The first failure stops the batch: nothing new is sent, what is out comes home. */
  private fail(error: unknown): void {
    this.failure ??= { error };
    this.stop.abort(error);
  }

  private report(waiting: string | null): void {
    this.request.onProgress?.({ done: this.replies.size, total: this.total, waiting });
  }
}
