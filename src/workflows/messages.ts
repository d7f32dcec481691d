import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Steering, SteeringRequest, SteeringVerb } from '../core/steering';

/** What a run or an iteration waits for a person to do, in a sentence, and since when; `null` while it works. */
export interface Waiting {
  readonly reason: string;
  /** Workflow time, milliseconds since the epoch. */
  readonly sinceMs: number;
}

/** What one iteration is doing. Small numbers only: a status is asked for often. */
export interface IterationStatus {
  readonly iteration: number;
  readonly step: string;
  /** Workflow time, milliseconds since the epoch. */
  readonly stepSinceMs: number;
  readonly rowsWanted: number;
  readonly rowsAccepted: number;
  readonly waiting: Waiting | null;
}

export interface RunStatus {
  readonly run: string;
  readonly step: string;
  readonly stepSinceMs: number;
  readonly iterationsDone: number;
  readonly iterations: number;
  readonly rowsAccepted: number;
  readonly rowsPlanned: number;
  /** How long the last finished iteration took; `null` before the first. */
  readonly lastIterationMs: number | null;
  readonly waiting: Waiting | null;
  readonly steering: Steering;
}

export interface ExperimentStatus {
  readonly experiment: string;
  readonly running: readonly string[];
  readonly finished: readonly string[];
  readonly failed: readonly { readonly run: string; readonly reason: string }[];
  readonly total: number;
  /** At a time, as it is set now. */
  readonly parallelRuns: number;
  readonly steering: Steering;
}

export const iterationStatusQuery = defineQuery<IterationStatus>('iterationStatus');
export const runStatusQuery = defineQuery<RunStatus>('runStatus');
export const experimentStatusQuery = defineQuery<ExperimentStatus>('experimentStatus');

export interface SteerInput<Request extends SteeringRequest = SteeringRequest> {
  readonly request: Request;
  /** `user@host` */
  readonly who: string;
}

const steeringUpdate = (verb: SteeringVerb) => defineUpdate<Steering, [SteerInput]>(verb);

/** Of runs and experiments. The answer is the new state; an impossible request is refused with the reason. */
export const steeringUpdates = {
  pause: steeringUpdate('pause'),
  resume: steeringUpdate('resume'),
  stop: steeringUpdate('stop'),
  budget: steeringUpdate('budget'),
  set: steeringUpdate('set'),
};

/** The same without an answer: from an experiment to its runs, and from `tutelage run`, which resumes what is paused. */
export const steerSignal = defineSignal<[SteerInput]>('steer');

/** From an experiment to its runs: its caps were changed, so what they refused may be asked for again. */
export const capsChangedSignal = defineSignal('capsChanged');

/** From a run to its iteration: the run's steering, its list of changes left out. */
export const steeringSignal = defineSignal<[Steering]>('steering');
