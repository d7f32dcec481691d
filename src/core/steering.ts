/**
 * What a person may change about work that is under way, and what follows from it. Pure: the workflows apply it to
 * themselves, and a request that makes no sense is refused before it leaves a trace.
 */
export type SteeringRequest =
  | { readonly verb: 'pause' /** Do not wait for the step: a finetune saves a checkpoint. */; readonly now: boolean }
  | { readonly verb: 'resume' }
  | { readonly verb: 'stop' }
  | ({ readonly verb: 'budget' } & BudgetChange)
  | ({ readonly verb: 'set' } & Settings);

export type SteeringVerb = SteeringRequest['verb'];

/** New settings; what is left out stays. */
export interface Settings {
  /** Requests in flight at once. */
  readonly concurrency?: number | undefined;
  readonly iterations?: number | undefined;
  /** Runs of an experiment that work at the same time. */
  readonly parallelRuns?: number | undefined;
}

/** As they are typed and told. */
export const settingNames: Readonly<Record<keyof Settings, string>> = {
  concurrency: 'concurrency',
  iterations: 'iterations',
  parallelRuns: 'parallel_runs',
};

/** New caps; what is left out stays. */
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

/** All that steering has made of a run or an experiment so far. */
export interface Steering {
  readonly paused: (Asker & { readonly now: boolean }) | null;
  readonly stopping: Asker | null;
  /** How often somebody said `resume`: what waits for a person waits for the next one. */
  readonly resumes: number;
  /** How often caps were changed: what a cap refused may be asked for again. */
  readonly capChanges: number;
  /** The cap on accepted rows; absent while it is the configured one. */
  readonly samplesCap?: number | null;
  /** Requests in flight at once, iterations, and runs at a time; `null` while they are the configured ones. */
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

/** What is steered, and how far it is. */
export interface Place {
  readonly kind: 'run' | 'experiment';
  readonly name: string;
  readonly iterationsBegun: number;
}

/** Why the request cannot be met now, in a sentence; `null` where it can. */
export function refusalOf(steering: Steering, request: SteeringRequest, place: Place): string | null {
  const { name } = place;
  const { paused, stopping } = steering;
  switch (request.verb) {
    case 'pause':
      if (stopping !== null) {
        return `${name} is stopping: ${stopping.who} asked for that`;
      }
      return paused !== null && (paused.now || !request.now) ? `${name} is paused already, by ${paused.who}` : null;
    case 'resume':
      return null;
    case 'stop':
      return stopping === null ? null : `${name} is stopping already: ${stopping.who} asked for that`;
    case 'budget':
      return budgetRefusal(request);
    case 'set':
      return settingRefusal(request, place);
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
      // To finish an iteration it must go on.
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
      return `--${key} is a positive ${key === 'usd' ? 'amount' : 'whole number'}, not ${value}`;
    }
  }
  return null;
}

function settingRefusal(request: Settings, { kind, name, iterationsBegun }: Place): string | null {
  const entries = settingsOf(request);
  if (entries.length === 0) {
    return `name at least one of ${Object.values(settingNames)
      .map((setting) => `${setting}=N`)
      .join(', ')}`;
  }
  for (const [key, value] of entries) {
    if (!(Number.isSafeInteger(value) && value > 0)) {
      return `${settingNames[key]} is a positive whole number, not ${value}`;
    }
  }
  const { iterations, parallelRuns } = request;
  if (parallelRuns !== undefined && kind === 'run') {
    return `parallel_runs is set for an experiment, and ${name} is a run`;
  }
  return iterations !== undefined && iterations < iterationsBegun
    ? `iterations=${iterations} is below the ${iterationsBegun} that ${name} has begun`
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
