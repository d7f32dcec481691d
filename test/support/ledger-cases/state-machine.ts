import fc from 'fast-check';
import { type Ledger, openLedger, type Reservation } from '../../../src/store/ledger';
import type { TestLedgers } from '../test-ledgers';

/**
 * Any sequence of what a buyer may do, with closing and opening (a crash, seen from the ledger) in between. Endpoints bill
 * nothing, up to the worst case, or far above it. After every step every account is what its calls add up to, nothing is
 * bought twice, and no account is further over a cap than by what was billed above the worst cases; nothing is sent on an
 * account that is over, and what it had reserved and not sent is released.
 */
const caps = { samples: 6, tokens: 900, usd: 0.0009 };
const runs = ['a', 'b'];
const worst = { tokens: 50, nanoUsd: 50_000 };

/** Nothing, up to the worst case, or above it; the last takes any account over its cap. */
const billed = fc.oneof({ weight: 4, arbitrary: fc.nat(50) }, fc.constantFrom(0, 51, 120, 2000));

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ does: fc.constant('reserve' as const), run: fc.nat(1), row: fc.nat(11) }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('send' as const), call: fc.nat(20), hash: fc.nat(5) }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('settle' as const), call: fc.nat(20), tokens: billed }) },
  fc.record({ does: fc.constantFrom('take-back' as const, 'unknown' as const, 'again' as const), call: fc.nat(20) }),
  fc.record({ does: fc.constant('release' as const), call: fc.nat(20) }),
  fc.record({ does: fc.constant('drop' as const), run: fc.nat(1), row: fc.nat(11) }),
  fc.record({ does: fc.constantFrom('reopen' as const, 'die' as const) }),
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

class Model {
  reserved: Reservation[] = [];
  sent = new Map<Reservation, string>();
  lost: Reservation[] = [];
  /** Of dead processes. */
  abandoned: Ledger[] = [];
  /** Hash -> how often it was settled by a call that was sent. */
  bought = new Map<string, number>();

  constructor(
    readonly ledgers: TestLedgers,
    readonly place: string,
    public ledger: Ledger,
  ) {}

  async apply(one: Step): Promise<void> {
    const { ledger } = this;
    switch (one.does) {
      case 'reserve': {
        const rows = [{ row: `row-${one.row}`, question: worst, answer: worst, wantsAnswer: () => true }];
        const { granted } = await ledger.reserveRows({ run: runs[one.run] as string, experiment: 'e' }, rows);
        for (const { question, answer } of granted) {
          for (const call of [question, answer]) {
            if (call !== null && 'reservation' in call) {
              this.reserved.push(call.reservation);
            }
          }
        }
        return;
      }
      case 'send': {
        const call = this.reserved[one.call];
        const hash = `hash-${one.hash}`;
        // An equal request in flight would be waited for.
        if (call === undefined || [...this.sent.values()].includes(hash)) {
          return;
        }
        const wasOver = await this.isOver(call.run);
        const decision = await ledger.markSent(call, hash, ({ inputTokens }) => inputTokens * 1000);
        this.reserved.splice(one.call, 1);
        if ('overrun' in decision) {
          return;
        }
        expect(decision.send).toBe(!this.bought.has(hash));
        if (decision.send) {
          expect(wasOver).toBe(false);
          this.sent.set(call, hash);
        }
        return;
      }
      case 'settle': {
        const [call, hash] = [...this.sent][one.call] ?? [];
        if (call !== undefined && hash !== undefined) {
          const usage = {
            inputTokens: one.tokens,
            cachedTokens: 0,
            outputTokens: 0,
            reasoningTokens: 0,
            estimated: false,
          };
          const overrun = await ledger.settle(call, { usage, nanoUsd: one.tokens * 1000, finish: 'stop', raw: hash });
          expect(overrun === null || one.tokens > worst.tokens).toBe(true);
          if (overrun !== null) {
            const { states, inFlight } = await ledger.callCounts(overrun.account);
            expect(states.reserved - inFlight).toBe(0);
          }
          this.sent.delete(call);
          this.bought.set(hash, (this.bought.get(hash) ?? 0) + 1);
        }
        return;
      }
      case 'take-back':
      case 'unknown': {
        const [call] = [...this.sent][one.call] ?? [];
        if (call !== undefined) {
          await (one.does === 'unknown' ? ledger.markUnknown(call) : ledger.takeBack(call, 2));
          this.sent.delete(call);
          (one.does === 'unknown' ? this.lost : this.reserved).push(call);
        }
        return;
      }
      case 'again': {
        const call = this.lost.shift();
        const again = call && (await ledger.reserveAgain(call));
        if (again !== undefined && 'id' in again) {
          this.reserved.push(again);
        }
        return;
      }
      case 'release': {
        const [call] = this.reserved.splice(one.call, 1);
        await ledger.release(call === undefined ? [] : [call]);
        return;
      }
      case 'drop':
        return ledger.dropSamples(runs[one.run] as string, [`row-${one.row}`]);
      case 'die':
        // The process of that session is gone: the next one finds it dead. Its connection stays open till the end.
        await this.ledgers.execute(this.place, "update sessions set process_start = 'another process' where ended = 0");
        this.abandoned.push(ledger);
        this.ledger = await openLedger(this.place, { groupWindowMs: 0 });
        this.reserved = [];
        this.sent.clear();
        this.lost = [];
        return;
      case 'reopen':
        await ledger.close();
        this.ledger = await openLedger(this.place);
        this.reserved = [];
        this.sent.clear();
        this.lost = [];
    }
  }

  private async isOver(run: string): Promise<boolean> {
    const accounts = [
      { kind: 'run' as const, name: run },
      { kind: 'experiment' as const, name: 'e' },
    ];
    const committed = await Promise.all(accounts.map((account) => this.ledger.account(account)));
    return committed.some(({ committed: { tokens, nanoUsd } }) => tokens > caps.tokens || nanoUsd > caps.usd * 1e9);
  }

  async check(): Promise<void> {
    expect(await this.ledger.recount()).toEqual([]);
    for (const account of [
      ...runs.map((name) => ({ kind: 'run' as const, name })),
      { kind: 'experiment' as const, name: 'e' },
    ]) {
      const { committed } = await this.ledger.account(account);
      const { overruns } = await this.ledger.callCounts(account);
      expect(committed.samples).toBeLessThanOrEqual(caps.samples);
      expect(committed.tokens).toBeLessThanOrEqual(caps.tokens + overruns.tokens);
      expect(committed.nanoUsd).toBeLessThanOrEqual(caps.usd * 1e9 + overruns.nanoUsd);
    }
    expect([...this.bought.values()].every((times) => times === 1)).toBe(true);
    expect((await this.ledger.billOf(null)).calls).toBe(this.bought.size);
  }
}

export function stateMachineCases(ledgersOf: () => TestLedgers, sequences: number): void {
  test('whatever a buyer does, an endpoint bills and wherever it dies, the caps hold but for overruns and nothing is bought twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        const place = await ledgersOf().fresh();
        const model = new Model(ledgersOf(), place, await openLedger(place, { groupWindowMs: 0 }));
        for (const run of runs) {
          await model.ledger.openAccount({ run, experiment: 'e', budget: caps, experimentBudget: caps });
        }
        for (const one of steps) {
          await model.apply(one);
          await model.check();
        }
        await Promise.all([model.ledger, ...model.abandoned].map((ledger) => ledger.close()));
      }),
      { numRuns: sequences },
    );
  }, 120_000);
}
