import { priceList, priceNanoUsd, type TokenUsage, type WorstCase, worstCase } from '../core/budget/price';
import { inputTokensMax, questionBytesMax, tokensMax } from '../core/budget/token-bound';
import type { TeacherConfig } from '../core/config/schema';
import type { ChatMessage, Parsed, Task } from '../core/tasks/task';
import type { RowToReserve, StoredAnswer } from '../store/ledger';
import { textOf } from './reply';
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
  plan(order: RowOrder, runSeed: number): RowPlan;
  /** @param again 0 for the row's answer; from 1 for further ones, where they are compared */
  answerRequest(plan: RowPlan, question: string, again?: number): IdentifiedRequest;
  readQuestion(answer: Pick<StoredAnswer, 'finish' | 'raw'>): Parsed;
  readAnswer(answer: Pick<StoredAnswer, 'finish' | 'raw'>, question: string): Parsed;
  worstRow(order: Pick<RowOrder, 'seed'>): WorstCase;
  priceOf(usage: TokenUsage): number;
}

/** A further answer is another sample of the same seed: its number lies beyond all asks that a run makes of one seed. */
const asksMax = 4096;

/** @param answers how many are asked for, for one question: more than one where they are compared */
export function rowRules(config: TeacherConfig, task: Task, answers = 1): RowRules {
  const bytesMax = questionBytesMax(config.max_tokens);
  const price = priceList(config);
  const worstOf = (messages: readonly ChatMessage[]) => worstCase(inputTokensMax(messages), config.max_tokens, price);
  // The question is not known yet: the longest that would be accepted stands for it.
  const worstAnswer = worstOf(task.answerMessages('x'.repeat(bytesMax)));
  const identify = (messages: readonly ChatMessage[], runSeed: number, sample: number): IdentifiedRequest => {
    const request = chatRequest(config, messages, samplingSeed(runSeed, sample));
    return { request, hash: requestHash(config, request, task.promptVersion, sample) };
  };

  function readQuestion(answer: Pick<StoredAnswer, 'finish' | 'raw'>): Parsed {
    const parsed = unlessCut(answer, (text) => task.parseQuestion(text));
    return parsed.ok && tokensMax(parsed.value) > bytesMax
      ? { ok: false, reason: `the question has ${tokensMax(parsed.value)} bytes, more than ${bytesMax}` }
      : parsed;
  }

  function readAnswer(answer: Pick<StoredAnswer, 'finish' | 'raw'>, question: string): Parsed {
    return unlessCut(answer, (text) => task.parseAnswer(text, question));
  }

  return {
    plan: (order, runSeed) => {
      const messages = task.questionMessages(order.seed);
      const question = identify(messages, runSeed, order.askedBefore);
      const row = `${order.seed.id}#${order.askedBefore}#${question.hash.slice(0, 16)}`;
      return {
        ...{ order, row, question, runSeed },
        toReserve: {
          ...{ row, question: worstOf(messages), answer: worstAnswer },
          wantsAnswer: (stored) => readQuestion(stored).ok,
          further: {
            count: answers - 1,
            wanted: (asked, answered) => {
              const read = readQuestion(asked);
              return read.ok && readAnswer(answered, read.value).ok;
            },
          },
        },
      };
    },
    answerRequest: ({ order, runSeed }, question, again = 0) =>
      identify(task.answerMessages(question), runSeed, order.askedBefore + again * asksMax),
    readQuestion,
    readAnswer,
    worstRow: ({ seed }) => {
      const question = worstOf(task.questionMessages(seed));
      return {
        tokens: question.tokens + answers * worstAnswer.tokens,
        nanoUsd: question.nanoUsd + answers * worstAnswer.nanoUsd,
      };
    },
    priceOf: (usage) => priceNanoUsd(usage, price),
  };
}

function unlessCut({ finish, raw }: Pick<StoredAnswer, 'finish' | 'raw'>, parse: (text: string) => Parsed): Parsed {
  switch (finish) {
    case 'length':
      return { ok: false, reason: 'cut off at teacher.max_tokens' };
    case 'content_filter':
      return { ok: false, reason: "withheld by the teacher's content filter" };
    case 'unreadable':
      return { ok: false, reason: 'the reply has no text' };
    case 'stop':
      return parse(textOf(raw));
  }
}
