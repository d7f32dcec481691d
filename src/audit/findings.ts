/** One difference, and exactly where it is. */
export interface AuditProblem {
  /** A file, an event of a history, a call of the ledger. */
  readonly location: string;
  readonly message: string;
}

export interface AuditResult {
  readonly checked: number;
  /** What was counted: `artifacts`, `calls`. */
  readonly unit: string;
  readonly problems: readonly AuditProblem[];
}

/** Counts what a check looks at and collects what differs. */
export class Findings {
  readonly problems: AuditProblem[] = [];
  checked = 0;

  constructor(private readonly unit: string) {}

  found(location: string, message: string): void {
    this.problems.push({ location, message });
  }

  /** Counts one thing, and records a problem unless it holds. */
  check(holds: boolean, location: string, message: () => string): void {
    this.checked += 1;
    if (!holds) {
      this.found(location, message());
    }
  }

  /** Adds what another check counted and found. */
  add({ checked, problems }: AuditResult): void {
    this.checked += checked;
    this.problems.push(...problems);
  }

  result(): AuditResult {
    return { checked: this.checked, unit: this.unit, problems: this.problems };
  }
}
