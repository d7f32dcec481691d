import { compareReport } from '../../analysis/compare-report';
import { messageOf } from '../../core/errors';
import type { Workspace } from '../../store/workspace';
import type { AuditCheck } from '../check';
import type { AuditResult } from '../findings';

export const resultsCheck: AuditCheck = {
  name: 'results',
  claim: 'results.json, results.csv, rows.parquet and report.html follow from the stored data',
  run: ({ workspace, run }) => checkResults(workspace, run),
};

/** Of a run, or of an experiment with all its runs. */
export async function checkResults(workspace: Workspace, name: string): Promise<AuditResult> {
  try {
    const { compared, differences } = await compareReport({ workspace: workspace.root, name });
    return { checked: compared, unit: 'files', problems: differences };
  } catch (error) {
    return { checked: 0, unit: 'files', problems: [{ location: `results of ${name}`, message: messageOf(error) }] };
  }
}
