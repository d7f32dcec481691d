import { createHash } from 'node:crypto';
import type OpenAI from 'openai';
import { canonicalJson } from '../../core/canonical-json';
import { TutelageError } from '../../core/errors';
import type { GrantedCall, GrantedRow, Reservation } from '../../store/ledger';
import type { AskingParts } from '../asking';
import { readReply } from '../reply';
import { endpointOf } from '../request';
import type { IdentifiedRequest, RowPlan, RowRules } from '../row-plan';
import type { BuyRequest } from '../types';
import { type BatchEndpoint, type BatchReply, batchEndpoint } from './endpoint';

/** A wave of orders that is bought by jobs: one for the questions, one for the answers, more for what was left over. */
export interface BatchWave extends Pick<BuyRequest, 'account' | 'orders' | 'runSeed'> {
  /** Names the wave within the workspace, for ever the same: what is on its way is found by it. */
  readonly name: string;
}

export interface BatchJob {
  readonly id: string;
  readonly requests: number;
}

export interface Batches {
  /**
   * Puts together what the wave still needs and makes a job of it, or finds the one that an attempt before made.
   * @returns `null` when nothing is needed any more, or a cap leaves no room for it
   */
  submit(wave: BatchWave): Promise<BatchJob | null>;
  isEnded(job: string): Promise<boolean>;
  /** Settles what the job answered, and releases what it did not do: the next job asks for that again. */
  collect(wave: BatchWave, job: string): Promise<void>;
  cancel(job: string): Promise<void>;
}

type Parts = Pick<AskingParts, 'config' | 'ledger' | 'discreet'> & { readonly rules: RowRules };

interface NeededCall {
  readonly reservation: Reservation;
  readonly identified: IdentifiedRequest;
  readonly isSent: boolean;
}

export function createBatches(parts: Parts, client: OpenAI): Batches {
  const { config, ledger, rules, discreet } = parts;
  const where = endpointOf(config);
  const endpoint: BatchEndpoint = batchEndpoint(client, { endpoint: where, keyName: config.api_key_env, discreet });

  /** The next call of each row, held in the name of the wave; rows that are complete need none. */
  async function needed({ account, orders, runSeed, name }: BatchWave): Promise<NeededCall[]> {
    const plans = [...orders].sort((left, right) => left.rank - right.rank).map((order) => rules.plan(order, runSeed));
    const { granted } = await ledger.reserveRows(
      account,
      plans.map(({ toReserve }) => toReserve),
      name,
    );
    await ledger.release(granted.flatMap(({ unwanted }) => unwanted));
    const byRow = new Map(granted.map((row) => [row.row, row]));
    return plans.flatMap((plan) => {
      const row = byRow.get(plan.row);
      return row === undefined ? [] : nextCalls(rules, plan, row);
    });
  }

  async function submit(wave: BatchWave): Promise<BatchJob | null> {
    const calls = await needed(wave);
    let sent = calls.filter(({ isSent }) => isSent);
    if (sent.length === 0) {
      const decisions = await Promise.all(
        calls.map(({ reservation, identified }) => ledger.markSent(reservation, identified.hash, rules.priceOf)),
      );
      sent = calls.filter((_, index) => decisions[index]?.send);
      if (sent.length === 0 && decisions.some((decision) => 'owned' in decision)) {
        // All of them were answers that the workspace owned: there may be next ones now.
        return submit(wave);
      }
      if (sent.length === 0 && calls.length > 0) {
        throw new TutelageError(
          'transient',
          `equal requests of another run are in flight at ${where}`,
          'it is tried again',
        );
      }
    }
    if (sent.length === 0) {
      return null;
    }
    // What is marked is in the ledger; the key follows from it, so that an attempt after a crash knows its job.
    const ids = sent.map(({ reservation }) => reservation.id).sort();
    const key = createHash('sha256')
      .update(canonicalJson([wave.name, ids]))
      .digest('hex')
      .slice(0, 32);
    const lines = sent.map(({ reservation, identified }) => ({
      customId: reservation.id,
      request: identified.request,
    }));
    const id = (await endpoint.find(key)) ?? (await endpoint.create(key, lines));
    return { id, requests: sent.length };
  }

  async function collect(wave: BatchWave, job: string): Promise<void> {
    const sent = (await needed(wave)).filter(({ isSent }) => isSent);
    const { refusal } = await endpoint.stateOf(job);
    const refused = await settleReplies(parts, sent, await endpoint.replies(job));
    if (refusal !== null || refused.length >= Math.max(5, config.failing_share_max * sent.length)) {
      throw new TutelageError(
        'teacher-refused',
        refusal === null
          ? `${where} refused ${refused.length} of ${sent.length} requests of batch job ${job}; the last: ${refused.at(-1)}`
          : `${where} did not take batch job ${job}: ${refusal}`,
        'correct the teacher section of the configuration, then resume; what was refused cost nothing',
      );
    }
  }

  return {
    submit,
    collect,
    isEnded: async (job) => (await endpoint.stateOf(job)).isEnded,
    cancel: (job) => endpoint.cancel(job),
  };
}

/** Settles each call by its line, releases what was not done. @returns the reasons of those that were refused */
async function settleReplies(
  { ledger, rules }: Parts,
  sent: readonly NeededCall[],
  replies: ReadonlyMap<string, BatchReply>,
): Promise<string[]> {
  const refused: string[] = [];
  await Promise.all(
    sent.map(async ({ reservation, identified }) => {
      const line = replies.get(reservation.id);
      const raw = JSON.stringify(line?.body ?? null);
      const reply = line?.status === 200 ? readReply(raw, identified.request) : null;
      if (reply !== null) {
        const { usage, finish } = reply;
        await ledger.settle(reservation, { usage, finish, raw, nanoUsd: rules.priceOf(usage) });
      } else if (line?.status === 200) {
        await ledger.markUnknown(reservation);
      } else {
        await ledger.release([reservation]);
        const mayPass = line === undefined || line.status >= 500 || line.status === 429;
        refused.push(...(mayPass ? [] : [line.reason]));
      }
    }),
  );
  return refused;
}

/** The question; or the answer, once the question is there; or the further answers, once there is one. */
function nextCalls(rules: RowRules, plan: RowPlan, { question, answer, further }: GrantedRow): NeededCall[] {
  if ('reservation' in question) {
    return [neededCall(question, plan.question)];
  }
  if (answer === null) {
    return [];
  }
  const read = rules.readQuestion(question.stored);
  if (!read.ok) {
    return [];
  }
  if ('reservation' in answer) {
    return [neededCall(answer, rules.answerRequest(plan, read.value))];
  }
  return further.flatMap((call, index) =>
    'reservation' in call ? [neededCall(call, rules.answerRequest(plan, read.value, index + 1))] : [],
  );
}

const neededCall = (
  { reservation, held }: Extract<GrantedCall, { reservation: Reservation }>,
  identified: IdentifiedRequest,
): NeededCall => ({ reservation, identified, isSent: held !== undefined && held.sentAs !== null });
