import type { Spend } from '../../core/run-record';
import type { StoredCall } from './read-ledger';

/**
 * The calls that had ended at each of the moments that these spends are of, in groups: the first holds those until the
 * first moment. A moment is found by its sums, whatever the clocks say; the groups end before the first spend that is
 * that of no moment.
 */
export function callsByMoment(calls: readonly StoredCall[], spends: readonly Spend[]): StoredCall[][] {
  const spent = calls
    .filter(({ state }) => state === 'settled' || state === 'unknown')
    .sort((left, right) => (left.ended_at ?? 0) - (right.ended_at ?? 0));
  const groups: StoredCall[][] = [];
  let sum: SpendSum = emptySum;
  let next = 0;
  for (const spend of spends) {
    const group: StoredCall[] = [];
    while (!isSpend(spend, sum) && next < spent.length) {
      const call = spent[next] as StoredCall;
      sum = add(sum, call);
      group.push(call);
      next += 1;
    }
    if (!isSpend(spend, sum)) {
      break;
    }
    groups.push(group);
  }
  return groups;
}

type SpendSum = Record<
  'samples' | 'inputTokens' | 'outputTokens' | 'nanoUsd' | 'unknownCalls' | 'unknownTokens' | 'unknownNanoUsd',
  number
>;

const emptySum: SpendSum = {
  samples: 0,
  inputTokens: 0,
  outputTokens: 0,
  nanoUsd: 0,
  unknownCalls: 0,
  unknownTokens: 0,
  unknownNanoUsd: 0,
};

function add(sum: SpendSum, call: StoredCall): SpendSum {
  const isLost = call.state === 'unknown';
  return {
    samples: sum.samples + call.samples,
    inputTokens: sum.inputTokens + call.input_tokens,
    outputTokens: sum.outputTokens + call.output_tokens,
    nanoUsd: sum.nanoUsd + call.nano_usd,
    unknownCalls: sum.unknownCalls + (isLost ? 1 : 0),
    unknownTokens: sum.unknownTokens + (isLost ? call.worst_tokens : 0),
    unknownNanoUsd: sum.unknownNanoUsd + (isLost ? call.worst_nano_usd : 0),
  };
}

function isSpend(said: Spend, sum: SpendSum): boolean {
  return (
    said.samples === sum.samples &&
    said.inputTokens === sum.inputTokens &&
    said.outputTokens === sum.outputTokens &&
    said.priceMicroUsd === Math.ceil(sum.nanoUsd / 1000) &&
    said.unknownCalls === sum.unknownCalls &&
    said.unknownTokens === sum.unknownTokens &&
    said.unknownMicroUsd === Math.ceil(sum.unknownNanoUsd / 1000)
  );
}
