import { type UselessRows, uselessSentence } from './hygiene/useless-rows';

/**
 * What a user may change about a run or an experiment in progress, and what follows from it. Pure: the workflows apply it to
 * themselves, and an impossible request is refused before anything is recorded.
 */
export type SteeringRequest =
  | { readonly verb: 'pause' /** Do not wait for the step: a finetune saves a checkpoint. */; readonly now: boolean }
  | { readonly verb: 'resume' }
  | { readonly verb: 'stop' }
  | ({ readonly verb: 'budget' } & BudgetChange)
  | ({ readonly verb: 'set' } & Settings);

export type SteeringVerb = SteeringRequest['verb'];

/** New settings; those left out stay the same. */
export interface Settings {
  /** Requests in flight at once. */
  readonly concurrency?: number | undefined;
  readonly iterations?: number | undefined;
  /** Runs of an experiment that work at the same time. */
  readonly parallelRuns?: number | undefined;
}

/** Their names in commands and output. */
export const settingNames: Readonly<Record<keyof Settings, string>> = {
  concurrency: 'concurrency',
  iterations: 'iterations',
  parallelRuns: 'parallel_runs',
};

/** New caps; those left out stay the same. */
export interface BudgetChange {
  readonly samples?: number | undefined;
  readonly tokens?: number | undefined;
  readonly usd?: number | undefined;
}

/** Who asks, as `user@host`, and when, in milliseconds since the epoch. */
export interface Asker {
  readonly who: string;
  readonly atMs: number;
}

export interface SteeringChange extends Asker {
  /** The request in words: `pause`, `budget --usd 2`. */
  readonly what: string;
}

/** The effect of all steering of a run or an experiment so far. */
export interface Steering {
  readonly paused: (Asker & { readonly now: boolean }) | null;
  readonly stopping: Asker | null;
  /** Number of `resume` requests: what waits for a user waits for the next one. */
  readonly resumes: number;
  /** Number of changes of caps: what a cap excluded may be requested again. */
  readonly capChanges: number;
  /** The cap on accepted rows; absent while it is the configured one. */
  readonly samplesCap?: number | null;
  /** Requests in flight, iterations, and runs at the same time; `null` while they are the configured ones. */
  readonly concurrency: number | null;
  readonly iterations: number | null;
  readonly parallelRuns: number | null;
  /** The latest changes, oldest first. */
  readonly changes: readonly SteeringChange[];
}

export const unsteered: Steering = {
  paused: null,
  stopping: null,
  resumes: 0,
  capChanges: 0,
  concurrency: null,
  iterations: null,
  parallelRuns: null,
  changes: [],
};

/** Histories and files stay small; the ledger keeps every change of a cap. */
const CHANGES_KEPT = 50;

/** What is steered, and its progress. */
export interface SteeredWork {
  readonly kind: 'run' | 'experiment';
  readonly name: string;
  readonly iterationsBegun: number;
}

/** Why what is paused waits, for a person who may resume it. */
export const pausedReason = (name: string, paused: Pick<Asker, 'who'>): string =>
  `paused by ${paused.who}; \`tutelage resume ${name}\` resumes it`;

/** Why a run waits that is to pause at its caps. */
export const budgetReason = (run: string): string =>
  `a budget cap has been reached; \`tutelage budget ${run} --usd, --tokens or --samples N\` raises it, \`tutelage stop ${run}\` ends the run`;

/** Why a run waits whose first rows are paid for and useless. */
export const uselessReason = (run: string, what: UselessRows): string =>
  `${uselessSentence(what)}; see the replies with \`tutelage preview FILE\`, then \`tutelage resume ${run}\` buys on all the same, \`tutelage stop ${run}\` ends the run`;

/** Why the request cannot be met now, in a sentence; `null` where it can. */
export function refusalOf(steering: Steering, request: SteeringRequest, work: SteeredWork): string | null {
  const { name } = work;
  const { paused, stopping } = steering;
  switch (request.verb) {
    case 'pause':
      if (stopping !== null) {
        return `${name} is stopping, as ${stopping.who} requested`;
      }
      return paused !== null && (paused.now || !request.now) ? `${name} is already paused, by ${paused.who}` : null;
    case 'resume':
      return null;
    case 'stop':
      return stopping === null ? null : `${name} is already stopping, as ${stopping.who} requested`;
    case 'budget':
      return budgetRefusal(request);
    case 'set':
      return settingRefusal(request, work);
  }
}

/** The state after a request that was not refused. The caps themselves are the ledger's; see `withCaps`. */
export function steeredBy(steering: Steering, request: SteeringRequest, asker: Asker): Steering {
  const change: SteeringChange = { who: asker.who, atMs: asker.atMs, what: inWords(request) };
  const next = { ...steering, changes: [...steering.changes, change].slice(-CHANGES_KEPT) };
  switch (request.verb) {
    case 'pause':
      return { ...next, paused: { ...asker, now: request.now } };
    case 'resume':
      return { ...next, paused: null, resumes: steering.resumes + 1 };
    case 'stop':
      // To finish its iteration, a paused run has to resume.
      return { ...next, paused: null, stopping: asker };
    case 'budget':
      return next;
    case 'set':
      return {
        ...next,
        concurrency: request.concurrency ?? steering.concurrency,
        iterations: request.iterations ?? steering.iterations,
        parallelRuns: request.parallelRuns ?? steering.parallelRuns,
      };
  }
}

/** The caps are changed: what the ledger now says about accepted rows is what the run counts with. */
export function withCaps(steering: Steering, samplesCap: number | null): Steering {
  return { ...steering, samplesCap, capChanges: steering.capChanges + 1 };
}

export function inWords(request: SteeringRequest): string {
  switch (request.verb) {
    case 'pause':
      return request.now ? 'pause --now' : 'pause';
    case 'budget':
      return [
        'budget',
        ...given(request, ['usd', 'tokens', 'samples']).map(([key, value]) => `--${key} ${value}`),
      ].join(' ');
    case 'set':
      return ['set', ...settingsOf(request).map(([key, value]) => `${settingNames[key]}=${value}`)].join(' ');
    default:
      return request.verb;
  }
}

function budgetRefusal(request: BudgetChange): string | null {
  const entries = given(request, ['usd', 'tokens', 'samples']);
  if (entries.length === 0) {
    return 'name at least one of --usd, --tokens and --samples';
  }
  for (const [key, value] of entries) {
    if (!(value > 0 && Number.isFinite(value) && (key === 'usd' || Number.isSafeInteger(value)))) {
      return `--${key} must be a positive ${key === 'usd' ? 'amount' : 'whole number'}, got ${value}`;
    }
  }
  return null;
}

function settingRefusal(request: Settings, { kind, name, iterationsBegun }: SteeredWork): string | null {
  const entries = settingsOf(request);
  if (entries.length === 0) {
    return `name at least one of ${Object.values(settingNames)
      .map((setting) => `${setting}=N`)
      .join(', ')}`;
  }
  for (const [key, value] of entries) {
    if (!(Number.isSafeInteger(value) && value > 0)) {
      return `${settingNames[key]} must be a positive whole number, got ${value}`;
    }
  }
  const { iterations, parallelRuns } = request;
  if (parallelRuns !== undefined && kind === 'run') {
    return `parallel_runs can only be set for an experiment; ${name} is a single run`;
  }
  return iterations !== undefined && iterations < iterationsBegun
    ? `iterations=${iterations} is below the ${iterationsBegun} iterations that ${name} has already begun`
    : null;
}

const settingsOf = (request: Settings) => given(request, Object.keys(settingNames) as (keyof Settings)[]);

function given<Key extends string>(
  request: { readonly [key in Key]?: number | undefined },
  keys: readonly Key[],
): [Key, number][] {
  return keys.flatMap((key): [Key, number][] => {
    const value = request[key];
    return value === undefined ? [] : [[key, value]];
  });
}
