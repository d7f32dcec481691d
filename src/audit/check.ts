import type { Evidence } from './evidence';

/** Something that differs, and exactly where. */
export interface Problem {
  /** A file, an event of a history, a call of the ledger. */
  readonly place: string;
  readonly message: string;
}

export interface CheckResult {
  readonly checked: number;
  /** What was counted: `artifacts`, `calls`. */
  readonly unit: string;
  readonly problems: readonly Problem[];
}

/** One line of the audit's table. */
export interface Check {
  readonly name: string;
  /** What holds when it finds nothing. */
  readonly claim: string;
  run(evidence: Evidence): Promise<CheckResult>;
}

/** Collects what a check looks at and what it finds. */
export class Findings {
  readonly problems: Problem[] = [];
  checked = 0;

  constructor(private readonly unit: string) {}

  found(place: string, message: string): void {
    this.problems.push({ place, message });
  }

  /** Counts one thing, and notes the problem if it does not hold. */
  check(holds: boolean, place: string, message: () => string): void {
    this.checked += 1;
    if (!holds) {
      this.found(place, message());
    }
  }

  /** What was counted and found elsewhere is counted and found here too. */
  add({ checked, problems }: CheckResult): void {
    this.checked += checked;
    this.problems.push(...problems);
  }

  result(): CheckResult {
    return { checked: this.checked, unit: this.unit, problems: this.problems };
  }
}

/** The message of a thrown thing: what could not be read is a finding, not an end of the audit. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
