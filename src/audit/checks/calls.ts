import { createHash } from 'node:crypto';
import { priceList, priceNanoUsd, type TokenUsage } from '../../core/budget/price';
import { judgeOf } from '../../core/config/judge-of';
import { messageOf } from '../../core/errors';
import { isOfRow, type StoredCall } from '../../store/ledger/read-ledger';
import type { StoredAnswer } from '../../store/ledger/stored-answer';
import { readReply } from '../../teacher';
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
    return [...usageProblems(call, answer), ...priceProblems(evidence, call)];
  } catch (error) {
    return [messageOf(error)];
  }
}

function usageProblems(call: StoredCall, { raw }: StoredAnswer): string[] {
  const reply = readReply(raw, { model: '', messages: [], temperature: 0, max_tokens: 0, seed: 0 });
  if (reply === null) {
    return ['its answer is not a chat completion'];
  }
  const { inputTokens, cachedTokens, cacheWriteTokens = 0, outputTokens, reasoningTokens } = reply.usage;
  const said = [inputTokens, cachedTokens, cacheWriteTokens, outputTokens, reasoningTokens, reply.finish].join(' ');
  const kept = [
    ...[call.input_tokens, call.cached_tokens, call.cache_write_tokens, call.output_tokens, call.reasoning_tokens],
    call.finish,
  ].join(' ');
  return said === kept
    ? []
    : [`its answer says ${said} (tokens in, cached, written to the cache, out, reasoning; end), the call says ${kept}`];
}

function priceProblems({ record }: Evidence, call: StoredCall): string[] {
  const usage: TokenUsage = {
    inputTokens: call.input_tokens,
    cachedTokens: call.cached_tokens,
    cacheWriteTokens: call.cache_write_tokens,
    outputTokens: call.output_tokens,
    reasoningTokens: call.reasoning_tokens,
    estimated: call.estimated === 1,
  };
  const asked = isOfRow(call.purpose) ? record.config.teacher : judgeOf(record.config);
  const price = priceNanoUsd(usage, priceList(asked));
  return price === call.nano_usd ? [] : [`its tokens cost ${price} nano-USD, the call says ${call.nano_usd}`];
}
