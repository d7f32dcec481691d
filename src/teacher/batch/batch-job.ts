import { createHash } from 'node:crypto';
import type OpenAI from 'openai';
import { canonicalJson } from '../../core/canonical-json';
import { TutelageError } from '../../core/errors';
import type { GrantedCall, GrantedRow, Reservation, SendDecision } from '../../store/ledger';
import { overrunError } from '../overrun-error';
import type { PaidCallParts } from '../paid-call';
import { readReply } from '../reply';
import { endpointOf } from '../request';
import type { IdentifiedRequest, RowPlan, RowRules } from '../row-plan';
import { settleReply } from '../settle-reply';
import type { Batches, BatchJob, BatchResult, BatchRound } from '../types';
import { type BatchEndpoint, type BatchReplies, batchEndpoint } from './endpoint';

type Parts = Pick<PaidCallParts, 'config' | 'ledger' | 'secrets'> & { readonly rules: RowRules };

interface NeededCall {
  readonly reservation: Reservation;
  readonly identified: IdentifiedRequest;
  readonly isSent: boolean;
}

/** How often a call is put into a job. One that no job answered by then is given up, and its row is rejected. */
const jobsPerCallMax = 3;

const byRank = (left: { readonly rank: number }, right: { readonly rank: number }) => left.rank - right.rank;

export function createBatches(parts: Parts, client: OpenAI): Batches {
  const { config, ledger, rules, secrets } = parts;
  const where = endpointOf(config);
  const endpoint: BatchEndpoint = batchEndpoint(client, {
    endpoint: where,
    keyName: config.api_key_env,
    redact: secrets.redact,
  });

  /** The next call of each row, reserved in the name of the round; rows that are complete need none. */
  async function needed({ account, orders, runSeed, name, screen }: BatchRound): Promise<NeededCall[]> {
    const plans = orders.toSorted(byRank).map((order) => rules.plan(order, runSeed, screen));
    const { granted, overBudget } = await ledger.reserveRows(
      account,
      plans.map(({ toReserve }) => toReserve),
      name,
    );
    await ledger.release(granted.flatMap(({ unwanted }) => unwanted));
    if (overBudget !== null && overBudget !== 'busy' && overBudget.overrun !== null) {
      throw overrunError(overBudget.overrun, config);
    }
    const byRow = new Map(granted.map((row) => [row.row, row]));
    return plans.flatMap((plan) => {
      const row = byRow.get(plan.row);
      return row === undefined ? [] : nextCalls(rules, plan, row);
    });
  }

  async function submit(
    round: BatchRound,
    requestsMax = Number.POSITIVE_INFINITY,
  ): Promise<BatchJob | 'in-flight' | null> {
    const calls = await needed(round);
    const given = await ledger.triesOfJob(round.account.run, round.name);
    let sent = calls.filter(({ isSent }) => isSent);
    if (sent.length === 0) {
      const next = calls
        .filter((call) => (given.get(call.identified.hash) ?? 0) < jobsPerCallMax)
        .slice(0, requestsMax);
      const decisions = await Promise.all(
        next.map(({ reservation, identified }) => ledger.markSent(reservation, identified.hash, rules.priceOf)),
      );
      throwIfOverrun(decisions, config);
      sent = next.filter((_, index) => decisions[index]?.send);
      if (sent.length === 0 && decisions.some((decision) => 'owned' in decision)) {
        // The workspace owned all these answers, so the calls after them may be possible now.
        return submit(round, requestsMax);
      }
      if (sent.length === 0 && next.length > 0) {
        return 'in-flight';
      }
    }
    if (sent.length === 0) {
      await ledger.endJob(round.name, 'unsent');
      return null;
    }
    return jobOf(endpoint, round.name, sent);
  }

  async function collect(round: BatchRound, job: string): Promise<BatchResult> {
    const sent = (await needed(round)).filter(({ isSent }) => isSent);
    const { refusal, isFull } = await endpoint.stateOf(job);
    if (isFull) {
      // Nothing was done. The same calls go out again, in smaller jobs, when others have ended.
      await Promise.all(sent.map(({ reservation }) => ledger.takeBack(reservation, 1)));
      return { settled: 0, isFull };
    }
    const { settled, refused, problem } = await settleReplies(parts, sent, await endpoint.replies(job));
    if (problem !== null) {
      throw problem;
    }
    if (refusal !== null || refused.length >= Math.max(5, config.failing_share_max * sent.length)) {
      throw new TutelageError(
        'teacher-refused',
        refusal === null
          ? `${where} refused ${refused.length} of ${sent.length} requests of batch job ${job}; the last: ${refused.at(-1)}`
          : `${where} did not take batch job ${job}: ${refusal}`,
        'correct the teacher section of the configuration, then resume; refused requests cost nothing',
      );
    }
    return { settled, isFull };
  }

  return {
    submit,
    collect,
    isEnded: async (job) => (await endpoint.stateOf(job)).isEnded,
    cancel: (job) => endpoint.cancel(job),
    release: (name) => ledger.endJob(name, 'unsent'),
    close: (name) => ledger.endJob(name, 'all'),
  };
}

function throwIfOverrun(decisions: readonly SendDecision[], config: Parts['config']): void {
  for (const decision of decisions) {
    if ('overrun' in decision) {
      throw overrunError(decision.overrun, config);
    }
  }
}

async function jobOf(endpoint: BatchEndpoint, round: string, sent: readonly NeededCall[]): Promise<BatchJob> {
  // The key is derived from the calls marked in the ledger, so that an attempt after a crash finds its job.
  const ids = sent.map(({ reservation }) => reservation.id).sort();
  const key = createHash('sha256')
    .update(canonicalJson([round, ids]))
    .digest('hex')
    .slice(0, 32);
  const lines = sent.map(({ reservation, identified }) => ({ customId: reservation.id, request: identified.request }));
  const id = (await endpoint.find(key)) ?? (await endpoint.create(key, lines));
  return { id, requests: sent.length };
}

interface Settled {
  readonly settled: number;
  readonly refused: readonly string[];
  /** Why nothing more may be sent: a bill went over a cap, or a reply held a secret. */
  readonly problem: TutelageError | null;
}

/**
 * Each call by its own line: settled by a completion, released where the endpoint refused it or did not do it, unknown
 * where its line is missing or broken and it may have been done.
 */
async function settleReplies(
  parts: Parts,
  sent: readonly NeededCall[],
  { lines, areAllThere }: BatchReplies,
): Promise<Settled> {
  const { ledger } = parts;
  const refused: string[] = [];
  const problems: TutelageError[] = [];
  let settled = 0;
  await Promise.all(
    sent.map(async ({ reservation, identified }) => {
      const line = lines.get(reservation.id);
      const raw = JSON.stringify(line?.body ?? null);
      const reply = line?.status === 200 ? readReply(raw, identified.request) : null;
      if (reply !== null) {
        const problem = await settleReply(parts, reservation, { raw, reply }).problem;
        settled += 1;
        problems.push(...(problem === null ? [] : [problem]));
      } else if (line?.status === 200 || (line === undefined && !areAllThere)) {
        await ledger.markUnknown(reservation);
      } else {
        await ledger.release([reservation]);
        const mayPass = line === undefined || line.status >= 500 || line.status === 429;
        refused.push(...(mayPass ? [] : [line.reason]));
      }
    }),
  );
  return { settled, refused, problem: problems[0] ?? null };
}

/** The question; then the answer, once the question is stored; then the further answers, once the answer is. */
function nextCalls(rules: RowRules, plan: RowPlan, { question, answer, further }: GrantedRow): NeededCall[] {
  if ('reservation' in question) {
    return [neededCall(question, plan.question)];
  }
  if (answer === null) {
    return [];
  }
  const read = rules.readQuestion(question.stored, plan.order.seed);
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
  { reservation, reservedBefore }: Extract<GrantedCall, { reservation: Reservation }>,
  identified: IdentifiedRequest,
): NeededCall => ({
  reservation,
  identified,
  isSent: reservedBefore !== undefined && reservedBefore.sentAs !== null,
});
