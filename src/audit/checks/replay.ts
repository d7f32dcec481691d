import { Worker } from '@temporalio/worker';
import { workflowBundlePath } from '../../workers/bundle';
import type { AuditCheck } from '../check';
import { Findings } from '../findings';
import type { RecordedWorkflow } from '../recorded-workflow';

export const replayCheck: AuditCheck = {
  name: 'replay',
  claim: 'the current workflows replay every history',
  run: async ({ iterations, parents }) => {
    const findings = new Findings('histories');
    for await (const { path, difference } of replayAll([...parents, ...iterations])) {
      findings.check(difference === null, path, () => difference ?? '');
    }
    return findings.result();
  },
};

export interface Replayed {
  readonly path: string;
  /** The first step at which the current code differs, in Temporal's words; `null` if none does. */
  readonly difference: string | null;
}

/** Replays histories with the current workflow code, one after the other, without a server. */
export async function* replayAll(workflows: readonly RecordedWorkflow[]): AsyncGenerator<Replayed> {
  const histories = workflows.map(({ path, history }) => ({ workflowId: path, history }));
  const options = { workflowBundle: { codePath: workflowBundlePath } };
  for await (const { workflowId, error } of Worker.runReplayHistories(options, histories)) {
    yield { path: workflowId, difference: error?.message ?? null };
  }
}
