import { worstCase } from '../core/budget/price';
import { requestTokensMax } from '../core/config/request-fields';
import type { Grade } from '../core/records';
import { type GradeRequest, gradeRequests, judgePromptVersion, type Marks, readMarks } from '../core/strategies';
import type { CallToReserve, GrantedCall } from '../store/ledger';
import type { PaidCallParts } from './paid-call';
import { Purchase } from './purchase';
import { readText } from './reply';
import { chatRequest, requestHash, samplingSeed } from './request';
import type { IdentifiedRequest } from './row-plan';
import type { AnswerToGrade, GradesRequest } from './types';

/** How often a reply is asked for in all: one that cannot be read is asked for again with another sample number. */
const repliesMax = 3;

/** Buys the judge's grades, in the order of the answers. */
export async function buyGrades(parts: PaidCallParts, request: GradesRequest): Promise<Grade[]> {
  return new GradePurchase(parts, request).run();
}

/** One call to the judge. Equal ones (equal questions with equal answers) are one call. */
interface JudgeCall {
  readonly asked: GradeRequest;
  readonly identified: IdentifiedRequest;
}

type JudgeReply =
  | { readonly state: 'read'; readonly marks: Marks; readonly words: string }
  | { readonly state: 'unreadable' | 'overBudget' | 'failed' };

/** The calls go out in rounds: all at first, then those whose reply could not be read. */
class GradePurchase {
  private readonly replies = new Map<string, JudgeReply>();
  private readonly purchase: Purchase;

  constructor(
    private readonly parts: PaidCallParts,
    private readonly request: GradesRequest,
  ) {
    const { signal, onProgress } = request;
    const wording = { who: 'the judge', what: 'calls', section: 'judge' };
    this.purchase = new Purchase({ parts, signal, onProgress, wording });
  }

  async run(): Promise<Grade[]> {
    await this.purchase.run(async () => {
      for (let sample = 0; sample < repliesMax; sample += 1) {
        await this.purchase.buyAll<JudgeCall, GrantedCall>(this.callsOf(sample), {
          reserve: (left) => this.reserve(left),
          buy: async (call, granted) => {
            this.replies.set(call.identified.hash, await this.askJudge(call, granted));
          },
          leaveOut: ({ identified }) => this.replies.set(identified.hash, { state: 'overBudget' }),
        });
      }
    });
    return this.request.answers.map((answer) => this.gradeOf(answer));
  }

  /** The calls of a round, each once, in order. */
  private callsOf(sample: number): JudgeCall[] {
    const calls = this.request.answers.flatMap((answer) =>
      (this.requestsOf(answer) ?? []).flatMap((asked) => {
        const before = sample === 0 ? null : this.replies.get(this.identify(asked, sample - 1).hash);
        return before === null || before?.state === 'unreadable'
          ? [{ asked, identified: this.identify(asked, sample) }]
          : [];
      }),
    );
    return [...new Map(calls.map((call) => [call.identified.hash, call])).values()];
  }

  private async reserve(left: readonly JudgeCall[]) {
    const calls = left.map((call) => this.toReserve(call));
    const { granted, overBudget } = await this.parts.ledger.reserveCalls(this.request.account, calls);
    const entries = granted.map((call, index): [JudgeCall, GrantedCall] => [left[index] as JudgeCall, call]);
    return { granted: new Map(entries), overBudget };
  }

  private async askJudge({ asked, identified }: JudgeCall, granted: GrantedCall): Promise<JudgeReply> {
    const result = await this.purchase.withCaller([granted], (caller) =>
      caller.ask(granted, identified, Promise.resolve()),
    );
    if (result.state === 'failed') {
      this.purchase.countRefusal(result.reason);
      return { state: 'failed' };
    }
    if (result.state === 'overBudget') {
      return { state: 'overBudget' };
    }
    await result.durable;
    const text = readText(result.answer.raw);
    const marks = text.ok ? this.marksOf(asked, text.value) : null;
    return marks === null || !text.ok ? { state: 'unreadable' } : { state: 'read', marks, words: text.value };
  }

  private marksOf(asked: GradeRequest, text: string): Marks | null {
    const { kind, grader } = this.request;
    if (kind !== 'verdict') {
      return readMarks(asked.order, text);
    }
    const student = grader?.readMark(text) ?? null;
    return student === null ? null : { student, reference: null };
  }

  /** What the replies amount to. Marks of both orders are averaged; with one order missing there is no grade. */
  private gradeOf(answer: AnswerToGrade): Grade {
    const asked = this.requestsOf(answer);
    if (asked === null) {
      return { id: answer.seed.id, state: 'incomparable', student: null, reference: null, requests: [] };
    }
    const requests: string[] = [];
    const replies = asked.map((each) => {
      let reply: JudgeReply = { state: 'unreadable' };
      for (let sample = 0; sample < repliesMax && reply.state === 'unreadable'; sample += 1) {
        const { hash } = this.identify(each, sample);
        reply = this.replies.get(hash) as JudgeReply;
        requests.push(hash);
      }
      return reply;
    });
    const marks = replies.flatMap((reply) => (reply.state === 'read' ? [reply.marks] : []));
    if (marks.length < replies.length) {
      const state = replies.some((reply) => reply.state === 'overBudget') ? 'overBudget' : 'ungraded';
      return { id: answer.seed.id, state, student: null, reference: null, requests };
    }
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const words = replies.flatMap((reply) => (reply.state === 'read' ? [reply.words] : []));
    const references = marks.flatMap(({ reference }) => (reference === null ? [] : [reference]));
    return {
      id: answer.seed.id,
      state: 'graded',
      student: mean(marks.map(({ student }) => student)),
      reference: references.length === 0 ? null : mean(references),
      requests,
      ...(this.request.kind === 'verdict' ? { words: words.join('\n') } : {}),
    };
  }

  private requestsOf({ seed, answer }: AnswerToGrade): readonly GradeRequest[] | null {
    const { kind, grader } = this.request;
    if (kind !== 'verdict') {
      return gradeRequests(kind, seed, answer);
    }
    const messages = grader?.messages(seed.question, seed.answer ?? '', answer) ?? null;
    return messages === null ? null : [{ order: 'alone', messages }];
  }

  private identify({ messages }: GradeRequest, sample: number): IdentifiedRequest {
    const { config } = this.parts;
    const request = chatRequest(config, messages, samplingSeed(this.request.runSeed, sample));
    return { request, hash: requestHash(config, request, judgePromptVersion, sample) };
  }

  /** Named by its request alone: an answer that the student gives again is graded already, and costs this run nothing. */
  private toReserve({ asked, identified }: JudgeCall): CallToReserve {
    const { config } = this.parts;
    const worst = worstCase(requestTokensMax(config, asked.messages), config.max_tokens, config.price);
    return { row: `grade#${identified.hash.slice(0, 32)}`, purpose: this.request.kind, worst };
  }
}
