import { priceList, priceNanoUsd, type TokenUsage, type WorstCase, worstCase } from '../core/budget/price';
import { questionBytesMax, tokensMax } from '../core/budget/token-bound';
import { requestTokensMax } from '../core/config/request-fields';
import type { TeacherConfig } from '../core/config/schema';
import type { QuestionScreen } from '../core/hygiene/question-screen';
import type { Seed } from '../core/records';
import { type ChatMessage, type Parsed, quote, type Task } from '../core/tasks/task';
import type { RowToReserve, StoredAnswer } from '../store/ledger';
import { isRefusal, questionIn } from './question-text';
import { readText } from './reply';
import { type ChatRequest, chatRequest, requestHash, samplingSeed } from './request';
import type { RowOrder } from './types';

/** A request with its identity. */
export interface IdentifiedRequest {
  readonly request: ChatRequest;
  readonly hash: string;
}

/** One order, worked out: its name in the ledger, its first request, its price at worst. */
export interface RowPlan {
  readonly order: RowOrder;
  readonly row: string;
  readonly question: IdentifiedRequest;
  readonly runSeed: number;
  readonly toReserve: RowToReserve;
}

/** What the task and the teacher's configuration say about a row, without asking anybody. */
export interface RowRules {
  /** @param screen rejects questions to which no answer is wanted */
  plan(order: RowOrder, runSeed: number, screen?: QuestionScreen): RowPlan;
  /** @param again 0 for the row's answer; from 1 for further ones, where they are compared */
  answerRequest(plan: RowPlan, question: string, again?: number): IdentifiedRequest;
  /** The new question in a reply, without its framing; or why there is none. */
  readQuestion(reply: Pick<StoredAnswer, 'raw'>, seed: Seed): Parsed;
  readAnswer(reply: Pick<StoredAnswer, 'raw'>, question: string): Parsed;
  worstRow(order: Pick<RowOrder, 'seed'>): WorstCase;
  priceOf(usage: TokenUsage): number;
}

/** A further answer is another sample of the same seed: its number lies beyond all asks that a run makes of one seed. */
const asksMax = 4096;

/** @param answers how many are asked for, for one question: more than one where they are compared */
export function rowRules(config: TeacherConfig, task: Task, answers = 1): RowRules {
  const bytesMax = questionBytesMax(config.max_tokens);
  const price = priceList(config);
  const worstOf = (messages: readonly ChatMessage[]) =>
    worstCase(requestTokensMax(config, messages), config.max_tokens, price);
  // The question is not known yet: the longest that would be accepted stands for it, behind the earlier turns of its seed.
  const longest = 'x'.repeat(bytesMax);
  const plainWorstAnswer = worstOf(task.answerMessages(longest));
  const worstAnswerOf = (seed: Seed): WorstCase => {
    if (task.newPart === undefined && seed.examples === undefined) {
      return plainWorstAnswer;
    }
    const question = task.parseQuestion(longest, seed);
    return worstOf(task.answerMessages(question.ok ? question.value : longest, seed));
  };
  const newPart = (question: string) => task.newPart?.(question) ?? question;
  const identify = (messages: readonly ChatMessage[], runSeed: number, sample: number): IdentifiedRequest => {
    const request = chatRequest(config, messages, samplingSeed(runSeed, sample));
    return { request, hash: requestHash(config, request, task.promptVersion, sample) };
  };

  function readQuestion({ raw }: Pick<StoredAnswer, 'raw'>, seed: Seed): Parsed {
    const text = readText(raw);
    const question = text.ok ? questionIn(text.value, newPart(seed.question)) : text;
    const parsed = question.ok ? task.parseQuestion(question.value, seed) : question;
    const bytes = parsed.ok ? tokensMax(newPart(parsed.value)) : 0;
    return bytes > bytesMax ? { ok: false, reason: `the question has ${bytes} bytes, more than ${bytesMax}` } : parsed;
  }

  function readAnswer({ raw }: Pick<StoredAnswer, 'raw'>, question: string): Parsed {
    const text = readText(raw, config.reasoning);
    if (text.ok && text.value.length < 300 && isRefusal(text.value)) {
      return { ok: false, reason: `the teacher refused: ${quote(text.value.trim())}` };
    }
    return text.ok ? task.parseAnswer(text.value, question) : text;
  }

  return {
    plan: (order, runSeed, screen = () => null) => {
      const messages = task.questionMessages(order.seed);
      const question = identify(messages, runSeed, order.askedBefore);
      const row = `${order.seed.id}#${order.askedBefore}#${question.hash.slice(0, 16)}`;
      return {
        ...{ order, row, question, runSeed },
        toReserve: {
          ...{ row, question: worstOf(messages), answer: worstAnswerOf(order.seed) },
          wantsAnswer: (stored) => {
            const read = readQuestion(stored, order.seed);
            return read.ok && screen(read.value) === null;
          },
          further: {
            count: answers - 1,
            wanted: (asked, answered) => {
              const read = readQuestion(asked, order.seed);
              return read.ok && readAnswer(answered, read.value).ok;
            },
          },
        },
      };
    },
    answerRequest: ({ order, runSeed }, question, again = 0) =>
      identify(task.answerMessages(question, order.seed), runSeed, order.askedBefore + again * asksMax),
    readQuestion,
    readAnswer,
    worstRow: ({ seed }) => {
      const question = worstOf(task.questionMessages(seed));
      const worstAnswer = worstAnswerOf(seed);
      return {
        tokens: question.tokens + answers * worstAnswer.tokens,
        nanoUsd: question.nanoUsd + answers * worstAnswer.nanoUsd,
      };
    },
    priceOf: (usage) => priceNanoUsd(usage, price),
  };
}
