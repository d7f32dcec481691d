import { plural } from '../../analysis/phrases';
import { type Caps, capsOf } from '../../core/budget/price';
import type { AccountName } from '../../store/ledger';
import { callsByIteration } from '../../store/ledger/calls-by-iteration';
import type { StoredAccount, StoredCall, StoredCapChange } from '../../store/ledger/read-ledger';
import type { AuditCheck } from '../check';
import type { Evidence } from '../evidence';
import { type AuditResult, Findings } from '../findings';

type Amount = Record<keyof Caps, number>;

const kinds = ['samples', 'tokens', 'nanoUsd'] as const;

/** The sums in the ledger's accounts and in the record are those of the calls. */
export const totalsCheck: AuditCheck = {
  name: 'totals',
  claim: 'accounts are the sums of their calls, and the spend of every iteration that of the calls until then',
  run: async (evidence) => {
    const findings = new Findings('sums');
    for (const name of accountsOf(evidence)) {
      findings.add(await evidence.once(`sums of ${name.kind} ${name.name}`, () => sumsOf(evidence, name)));
    }
    await checkSpends(evidence, findings);
    return findings.result();
  },
};

/** Replays all reservations in order of time: none exceeded a cap. */
export const capsCheck: AuditCheck = {
  name: 'caps',
  claim: 'no reservation ever exceeded a cap, as the caps were at that time',
  run: async (evidence) => {
    const findings = new Findings('reservations');
    for (const name of accountsOf(evidence)) {
      // Each run's plan has the experiment's first caps; a plan with other caps is replayed separately.
      const question = `caps of ${name.kind} ${name.name} that started as ${JSON.stringify(budgetOf(evidence, name))}`;
      findings.add(await evidence.once(question, () => capsOverTime(evidence, name)));
    }
    return findings.result();
  },
};

function accountsOf({ run, record }: Evidence): AccountName[] {
  const own = { kind: 'run' as const, name: run };
  return record.experiment === null ? [own] : [own, { kind: 'experiment', name: record.experiment }];
}

async function sumsOf({ ledger }: Evidence, name: AccountName): Promise<AuditResult> {
  const findings = new Findings('sums');
  const account = await ledger.account(name);
  if (account === null) {
    findings.found('ledger.db', `there is no account of ${name.kind} ${name.name}`);
    return findings.result();
  }
  const calls = await ledger.callsOf(name);
  const counted = sumOf(calls.filter((call) => name.kind === 'run' || call.shared_from === null).map(committedBy));
  const kept: Amount = { samples: account.samples, tokens: account.tokens, nanoUsd: account.nano_usd };
  for (const kind of kinds) {
    findings.check(
      counted[kind] === kept[kind],
      `ledger.db, account of ${name.kind} ${name.name}`,
      () => `says ${kept[kind]} ${kind}, its calls add up to ${counted[kind]}`,
    );
  }
  return findings.result();
}

async function capsOverTime(evidence: Evidence, name: AccountName): Promise<AuditResult> {
  const findings = new Findings('reservations');
  const account = await evidence.ledger.account(name);
  if (account !== null) {
    const changes = await evidence.ledger.capChangesOf(name);
    checkCapChanges(evidence, account, changes, findings);
    walk(account, await evidence.ledger.callsOf(name), changes, findings);
  }
  return findings.result();
}

function committedBy(call: StoredCall): Amount {
  const { state, samples } = call;
  if (state === 'released') {
    return { samples, tokens: 0, nanoUsd: 0 };
  }
  return state === 'settled'
    ? { samples, tokens: call.input_tokens + call.output_tokens, nanoUsd: call.nano_usd }
    : { samples, tokens: call.worst_tokens, nanoUsd: call.worst_nano_usd };
}

function sumOf(amounts: readonly Amount[]): Amount {
  const sum: Amount = { samples: 0, tokens: 0, nanoUsd: 0 };
  for (const amount of amounts) {
    for (const kind of kinds) {
      sum[kind] += amount[kind];
    }
  }
  return sum;
}

/** The spend of every iteration is that of its calls and of those before it, and nothing was paid after the last one of a finished run. */
async function checkSpends({ ledger, run, record }: Evidence, findings: Findings): Promise<void> {
  const calls = await ledger.callsOf({ kind: 'run', name: run });
  const groups = callsByIteration(
    calls,
    record.iterations.map(({ spend }) => spend),
  );
  findings.checked += groups.length;
  const unexplained = record.iterations[groups.length];
  if (unexplained !== undefined) {
    const location = `the spend of iteration ${unexplained.iteration} is not the sum over its calls in the ledger`;
    findings.check(false, 'run.json', () => location);
  } else if (record.endedBecause === 'iterations') {
    const settled = calls.filter(({ state }) => state === 'settled').length;
    const explained = groups.flat().filter(({ state }) => state === 'settled').length;
    findings.check(
      settled === explained,
      'ledger.db',
      () => `${plural(settled - explained, 'call')} paid for after the end of the run`,
    );
  }
}

/** Caps start as in the configuration and change only by recorded changes. */
function checkCapChanges(
  evidence: Evidence,
  account: StoredAccount,
  changes: readonly StoredCapChange[],
  findings: Findings,
): void {
  const location = `ledger.db, caps of ${account.kind} ${account.name}`;
  let caps = capsOf(budgetOf(evidence, account));
  for (const change of changes) {
    const before = JSON.parse(change.caps_before) as Caps;
    findings.check(
      isSameCaps(before, caps),
      location,
      () => `${describe(caps)} became ${describe(before)} without a record`,
    );
    caps = JSON.parse(change.caps_after) as Caps;
  }
  const now: Caps = { samples: account.cap_samples, tokens: account.cap_tokens, nanoUsd: account.cap_nano_usd };
  findings.check(
    isSameCaps(now, caps),
    location,
    () => `are ${describe(now)}, but the recorded ones are ${describe(caps)}`,
  );
}

const budgetOf = ({ plan, record }: Evidence, { kind }: AccountName): Parameters<typeof capsOf>[0] =>
  kind === 'run' ? record.config.budget : (plan.experimentBudget ?? {});

const isSameCaps = (left: Caps, right: Caps) => kinds.every((kind) => left[kind] === right[kind]);
const describe = (caps: Caps) => kinds.map((kind) => `${caps[kind] ?? 'no'} ${kind}`).join(', ');

interface Moment {
  readonly at: number;
  readonly change: Amount;
  readonly call: string;
  /** The call that reserves; `null` at the end of a call, which takes more only where it was billed above its worst case. */
  readonly reserved: string | null;
}

function walk(
  account: StoredAccount,
  calls: readonly StoredCall[],
  changes: readonly StoredCapChange[],
  findings: Findings,
): void {
  const committed: Amount = { samples: 0, tokens: 0, nanoUsd: 0 };
  let nextChange = 0;
  const first = changes[0];
  let caps: Caps =
    first === undefined
      ? { samples: account.cap_samples, tokens: account.cap_tokens, nanoUsd: account.cap_nano_usd }
      : (JSON.parse(first.caps_before) as Caps);
  for (const { at, change, reserved, call } of moments(account, calls)) {
    for (; nextChange < changes.length && (changes[nextChange]?.at ?? 0) <= at; nextChange += 1) {
      caps = JSON.parse((changes[nextChange] as StoredCapChange).caps_after) as Caps;
    }
    for (const kind of kinds) {
      committed[kind] += change[kind];
    }
    const passed = kinds.find((kind) => change[kind] > 0 && committed[kind] > (caps[kind] ?? Number.POSITIVE_INFINITY));
    if (reserved === null && passed !== undefined) {
      findings.check(false, `ledger.db, call ${call}`, () => {
        const over = `${committed[passed]} ${passed} committed, a cap of ${caps[passed]}`;
        return `the endpoint billed more than was reserved, which took ${account.kind} ${account.name} over its cap: ${over}`;
      });
    }
    if (reserved !== null) {
      findings.check(passed === undefined, `ledger.db, call ${reserved}`, () => {
        const kind = passed as keyof Caps;
        const time = new Date(at).toISOString();
        return `at ${time} ${account.kind} ${account.name} had committed ${committed[kind]} ${kind}, but its cap was ${caps[kind]}`;
      });
    }
  }
}

/**
 * What each call took when it was reserved and returned when it ended. The sample of a rejected row is returned at the end
 * of its call, slightly too early, because the ledger has no time for it. Within one millisecond ends come first for the
 * same reason: the replay may be lenient by a moment but must never report a false violation.
 */
function moments({ kind }: StoredAccount, calls: readonly StoredCall[]): Moment[] {
  const all = calls.flatMap((call): Moment[] => {
    const samples = call.purpose === 'answer' ? 1 : 0;
    const reserve: Amount = { samples, tokens: call.worst_tokens, nanoUsd: call.worst_nano_usd };
    const reserved = { at: call.reserved_at, change: reserve, call: call.id, reserved: call.id };
    if (call.state === 'reserved' || call.ended_at === null) {
      return [reserved];
    }
    const isBilled = kind === 'run' || call.shared_from === null;
    const stays = isBilled ? committedBy(call) : { samples: 0, tokens: 0, nanoUsd: 0 };
    const given: Amount = {
      samples: stays.samples - reserve.samples,
      tokens: stays.tokens - reserve.tokens,
      nanoUsd: stays.nanoUsd - reserve.nanoUsd,
    };
    return [reserved, { at: call.ended_at, change: given, call: call.id, reserved: null }];
  });
  return all.sort(
    (left, right) => left.at - right.at || Number(left.reserved !== null) - Number(right.reserved !== null),
  );
}
