import type { StepProgress } from '../activities/progress';

/** What one look at the running work shows. */
export interface RunSnapshot {
  readonly run: string;
  readonly state: 'waiting' | 'running' | 'complete' | 'stopped' | 'failed';
  readonly step: string;
  readonly stepSeconds: number;
  readonly iteration: number;
  readonly iterations: number;
  readonly progress: StepProgress | null;
  readonly rowsAccepted: number;
  readonly rowsPlanned: number;
  readonly accuracy: number | null;
  readonly macroAccuracy: number | null;
  /** What a person must do before it goes on; `null` while it works. */
  readonly waitingFor: string | null;
}

export interface Snapshot {
  readonly name: string;
  readonly elapsedSeconds: number;
  /** Why an experiment starts no further runs; `null` while it does. */
  readonly waitingFor: string | null;
  readonly runs: readonly RunSnapshot[];
  readonly teacher: TeacherSnapshot;
}

export interface TeacherSnapshot {
  /** Answers paid for by these runs; an answer that several runs use counts once. */
  readonly bought: number;
  readonly shared: number;
  readonly unknown: number;
  readonly usd: number;
}
