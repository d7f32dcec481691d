import { inWords, refusalOf, type Steering, type SteeringRequest, steeredBy, unsteered, withCaps } from './steering';

const asker = { who: 'ada@host', atMs: 1000 };
const paused = steeredBy(unsteered, { verb: 'pause', now: false }, asker);
const stopping = steeredBy(unsteered, { verb: 'stop' }, asker);

interface Case {
  readonly state?: Steering;
  readonly kind?: 'run' | 'experiment';
  readonly request: SteeringRequest;
  readonly reason: string | null;
}

describe('a request is refused', () => {
  const check = (claim: string, { state = unsteered, kind = 'run', request, reason }: Case) =>
    it(claim, () => {
      expect(refusalOf(state, request, { kind, name: 'demo', iterationsBegun: 3 })).toBe(reason);
    });

  check('when a paused run is paused again', {
    ...{ state: paused, request: { verb: 'pause', now: false } },
    reason: 'demo is already paused, by ada@host',
  });
  check('not when a pause at the next safe point is made one now', {
    ...{ state: paused, request: { verb: 'pause', now: true }, reason: null },
  });
  check('when what is stopping is paused', {
    ...{ state: stopping, request: { verb: 'pause', now: false } },
    reason: 'demo is stopping, as ada@host requested',
  });
  check('when it is stopped twice', {
    ...{ state: stopping, request: { verb: 'stop' } },
    reason: 'demo is already stopping, as ada@host requested',
  });
  check('when a budget names no cap', {
    request: { verb: 'budget' },
    reason: 'name at least one of --usd, --tokens and --samples',
  });
  check('when half a row is asked for', {
    request: { verb: 'budget', samples: 1.5 },
    reason: '--samples must be a positive whole number, got 1.5',
  });
  check('when money is negative', {
    request: { verb: 'budget', usd: -1 },
    reason: '--usd must be a positive amount, got -1',
  });
  check('when fewer iterations are wanted than have begun', {
    request: { verb: 'set', iterations: 2 },
    reason: 'iterations=2 is below the 3 iterations that demo has already begun',
  });
  check('not when the one under way is to be the last', { request: { verb: 'set', iterations: 3 }, reason: null });
  check('when nothing is set', {
    request: { verb: 'set' },
    reason: 'name at least one of concurrency=N, iterations=N, parallel_runs=N',
  });
  check('when runs at a time are asked of one run', {
    request: { verb: 'set', parallelRuns: 2 },
    reason: 'parallel_runs can only be set for an experiment; demo is a single run',
  });
  check('when no run is to work at a time', {
    ...{ kind: 'experiment', request: { verb: 'set', parallelRuns: 0 } },
    reason: 'parallel_runs must be a positive whole number, got 0',
  });
  check('not when an experiment is to have more runs at a time', {
    ...{ kind: 'experiment', request: { verb: 'set', parallelRuns: 4 }, reason: null },
  });
  check('never for resume, which ends other waits too', { request: { verb: 'resume' }, reason: null });
});

describe('a change', () => {
  it('is kept with who and when', () => {
    expect(paused).toMatchObject({ paused: asker, changes: [{ ...asker, what: 'pause' }] });
  });

  it('to stop lifts a pause: an iteration that rests cannot finish', () => {
    expect(steeredBy(paused, { verb: 'stop' }, asker)).toMatchObject({ paused: null, stopping: asker });
  });

  it('leaves what it does not name', () => {
    const set = steeredBy(unsteered, { verb: 'set', concurrency: 4 }, asker);
    expect(steeredBy(set, { verb: 'set', iterations: 9 }, asker)).toMatchObject({
      ...{ concurrency: 4, iterations: 9, parallelRuns: null },
    });
  });

  it('of caps counts, so that what was refused is asked for again', () => {
    expect(withCaps(unsteered, null)).toMatchObject({ samplesCap: null, capChanges: 1 });
  });

  it('is the fiftieth last at most', () => {
    let state = unsteered;
    for (let count = 0; count < 60; count++) {
      state = steeredBy(state, { verb: 'resume' }, { ...asker, atMs: count });
    }
    expect(state.changes.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 50 }, (_, index) => index + 10));
  });

  it('reads as it was typed', () => {
    expect(inWords({ verb: 'budget', usd: 2, samples: 10 })).toBe('budget --usd 2 --samples 10');
    expect(inWords({ verb: 'set', iterations: 3 })).toBe('set iterations=3');
    expect(inWords({ verb: 'set', concurrency: 2, parallelRuns: 4 })).toBe('set concurrency=2 parallel_runs=4');
    expect(inWords({ verb: 'pause', now: true })).toBe('pause --now');
  });
});
