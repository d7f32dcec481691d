import { createHash } from 'node:crypto';
import { priceList, priceNanoUsd, type TokenUsage, type WorstCase } from '../../core/budget/price';
import { judgeOf } from '../../core/config/judge-of';
import type { TeacherConfig } from '../../core/config/schema';
import { messageOf } from '../../core/errors';
import { isOfRow, type StoredCall } from '../../store/ledger/read-ledger';
import { bookedUsage, readReply, usageOf } from '../../teacher';
import type { AuditCheck } from '../check';
import type { Evidence } from '../evidence';
import { Findings } from '../findings';

/** Every settled call has its raw answer, and its cost follows from that answer. */
export const callsCheck: AuditCheck = {
  name: 'calls',
  claim: 'each settled call has its answer (shared ones that of the bought call), and tokens and prices follow from it',
  run: async (evidence) => {
    const { ledger, run, once } = evidence;
    const findings = new Findings('settled calls');
    const settled = (await ledger.callsOf({ kind: 'run', name: run })).filter(({ state }) => state === 'settled');
    const shared = settled.flatMap(({ shared_from }) => (shared_from === null ? [] : [shared_from]));
    const originals = new Map((await ledger.callsById([...new Set(shared)])).map((call) => [call.id, call]));
    for (const call of settled) {
      findings.checked += 1;
      const original = call.shared_from === null ? call : originals.get(call.shared_from);
      for (const message of await problemsOf(evidence, call, original)) {
        findings.found(`ledger.db, call ${call.id} (${call.purpose} of ${call.row})`, message);
      }
    }
    for (const call of await once('answers without a call', () => ledger.answersWithoutCall())) {
      findings.found('ledger.db', `has an answer of call ${call}, which is not settled`);
    }
    for (const message of await once('integrity', () => ledger.integrityProblems())) {
      findings.found('ledger.db', message);
    }
    return findings.result();
  },
};

async function problemsOf(evidence: Evidence, call: StoredCall, original: StoredCall | undefined): Promise<string[]> {
  if (original === undefined || original.state !== 'settled' || original.shared_from !== null) {
    return [`it shares the answer of ${call.shared_from}, which was not bought`];
  }
  if (original.request_hash !== call.request_hash) {
    return [`it shares the answer of ${original.id}, which was for another request`];
  }
  try {
    const answer = await evidence.ledger.answerOf(original.id);
    const sha256 = createHash('sha256').update(answer.raw).digest('hex');
    const stored = await evidence.ledger.answerHashOf(original.id);
    if (stored !== null && stored !== sha256) {
      return [`its answer hashes to ${sha256}; when it arrived it hashed to ${stored}`];
    }
    const worst = { tokens: original.worst_tokens, nanoUsd: original.worst_nano_usd };
    const asked = askedOf(evidence, call);
    return [...usageProblems(call, { raw: answer.raw, worst, asked }), ...priceProblems(call, asked)];
  } catch (error) {
    return [messageOf(error)];
  }
}

export type BookedCall = Pick<
  StoredCall,
  | 'input_tokens'
  | 'cached_tokens'
  | 'cache_write_tokens'
  | 'output_tokens'
  | 'reasoning_tokens'
  | 'estimated'
  | 'absurd'
  | 'finish'
>;

interface AuditedReply {
  readonly raw: string;
  /** What was reserved for the call that was bought. */
  readonly worst: WorstCase;
  readonly asked: Pick<TeacherConfig, 'model' | 'max_tokens'>;
}

/**
 * What a call says of its reply, compared with the reply. An estimate depends on the request too, which the ledger does
 * not keep: estimated input must lie between what the reply reports and what was reserved.
 */
export function usageProblems(call: BookedCall, { raw, worst, asked }: AuditedReply): string[] {
  const request = { model: asked.model, messages: [], max_tokens: asked.max_tokens };
  const reply = readReply(raw, request);
  if (reply === null) {
    return ['its answer is not a chat completion'];
  }
  const { usage: reported, redacted } = reply.completion;
  const isEstimated = call.estimated === 1;
  // Only a total was told: what is left of it for the output depends on the estimated input.
  const isOfTotal = isEstimated && reported?.prompt === null && reported.total !== null;
  const known = isOfTotal ? { ...reported, prompt: call.input_tokens } : reported;
  const usage = bookedUsage(usageOf({ ...reply.completion, usage: known }, request), worst, asked.max_tokens);
  // What is stored in place of a reply with a secret reports what was booked, not how it came about.
  const isMarked =
    redacted.length > 0 ||
    ((call.absurd === 1) === (usage.isAbsurd === true) && (isEstimated || !reply.usage.estimated));
  const isInput =
    call.input_tokens === usage.inputTokens
      ? !isOfTotal || usage.isAbsurd === true || isBetween(call.input_tokens, reply.usage.inputTokens, worst.tokens)
      : isEstimated && isBetween(call.input_tokens, usage.inputTokens, worst.tokens);
  const isOutput = call.output_tokens === usage.outputTokens;
  const ofInput = (count: number | null | undefined) =>
    usage.isAbsurd === true ? 0 : Math.min(count ?? 0, call.input_tokens);
  const isRest =
    call.cached_tokens === ofInput(reported?.cached) &&
    call.cache_write_tokens === ofInput(reported?.cacheWrite) &&
    call.reasoning_tokens === usage.reasoningTokens &&
    call.finish === reply.finish;
  if (isMarked && isInput && isOutput && isRest) {
    return [];
  }
  const { inputTokens, cachedTokens, cacheWriteTokens = 0, outputTokens, reasoningTokens } = usage;
  const said = [inputTokens, cachedTokens, cacheWriteTokens, outputTokens, reasoningTokens, reply.finish].join(' ');
  const kept = [
    ...[call.input_tokens, call.cached_tokens, call.cache_write_tokens, call.output_tokens, call.reasoning_tokens],
    call.finish,
  ].join(' ');
  const marks = isMarked ? '' : '; whether that is estimated or absurd is marked wrongly';
  return [
    `its answer says ${said} (tokens in, cached, written to the cache, out, reasoning; end), the call says ${kept}${marks}`,
  ];
}

const askedOf = ({ record }: Evidence, { purpose }: StoredCall): TeacherConfig =>
  isOfRow(purpose) ? record.config.teacher : judgeOf(record.config);

const isBetween = (count: number, least: number, most: number) => least <= count && count <= most;

function priceProblems(call: StoredCall, asked: TeacherConfig): string[] {
  const usage: TokenUsage = {
    inputTokens: call.input_tokens,
    cachedTokens: call.cached_tokens,
    cacheWriteTokens: call.cache_write_tokens,
    outputTokens: call.output_tokens,
    reasoningTokens: call.reasoning_tokens,
    estimated: call.estimated === 1,
  };
  const price = priceNanoUsd(usage, priceList(asked));
  return price === call.nano_usd ? [] : [`its tokens cost ${price} nano-USD, the call says ${call.nano_usd}`];
}
