import { usdOf } from '../../core/budget/price';
import type { Spend } from '../../core/run-record';
import type { StoredCall } from './read-ledger';

/**
 * The calls of each iteration, in groups; they end before the first spend that is not the sum over the calls of its
 * iteration and those before. In ledgers of versions that did not note the iteration, see `callsByMoment`.
 */
export function callsByIteration(calls: readonly StoredCall[], spends: readonly Spend[]): StoredCall[][] {
  const spent = calls.filter(({ state }) => state === 'settled' || state === 'unknown');
  if (spent.some(({ iteration }) => iteration === null)) {
    return callsByMoment(spent, spends);
  }
  const groups: StoredCall[][] = [];
  let sum: SpendSum = emptySum;
  for (const [index, spend] of spends.entries()) {
    const group = spent.filter(({ iteration }) => iteration === index + 1);
    sum = group.reduce(add, sum);
    if (!isSpend(spend, sum)) {
      break;
    }
    groups.push(group);
  }
  return groups;
}

/**
 * The calls that had ended at each of the moments that these spends are of, in groups: the first holds those until the
 * first moment. A moment is found by its sums, whatever the clocks say; the groups end before the first spend that is
 * that of no moment.
 */
function callsByMoment(calls: readonly StoredCall[], spends: readonly Spend[]): StoredCall[][] {
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
    said.usd === usdOf(sum.nanoUsd) &&
    said.unknownCalls === sum.unknownCalls &&
    said.unknownTokens === sum.unknownTokens &&
    said.unknownUsd === usdOf(sum.unknownNanoUsd)
  );
}
