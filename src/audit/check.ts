import type { Evidence } from './evidence';
import type { AuditResult } from './findings';

/** One line of the audit's table. */
export interface AuditCheck {
  readonly name: string;
  /** What is true when it finds nothing. */
  readonly claim: string;
  run(evidence: Evidence): Promise<AuditResult>;
}
