import type { Client } from '@temporalio/client';
import type { RunConfig } from '../core/config/schema';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import type { Ledger } from '../store/ledger';
import type { Workspace } from '../store/workspace';
import type { Students } from '../student';
import type { Judge, Teacher } from '../teacher';

/** What the steps work with. The composition root (src/workers) builds them; tests pass their own. */
export interface Dependencies {
  readonly workspace: Workspace;
  readonly store: ArtifactStore;
  readonly ledger: Ledger;
  readonly students: Students;
  teacherOf(config: RunConfig): Promise<Teacher>;
  /** Who grades answers, where a strategy asks for grades. */
  judgeOf(config: RunConfig): Promise<Judge>;
  readonly client: Client;
}
