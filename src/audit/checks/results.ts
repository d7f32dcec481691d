import { compareReport } from '../../analysis/compare-report';
import type { Workspace } from '../../store/workspace';
import { type Check, type CheckResult, messageOf } from '../check';

export const resultsCheck: Check = {
  name: 'results',
  claim: 'results.json, results.csv, rows.parquet and report.html are what the stored data give',
  run: ({ workspace, run }) => checkResults(workspace, run),
};

/** Of a run or of an experiment, whose results are drawn from all of its runs. */
export async function checkResults(workspace: Workspace, name: string): Promise<CheckResult> {
  try {
    const { compared, differences } = await compareReport({ workspace: workspace.root, name });
    return { checked: compared, unit: 'files', problems: differences };
  } catch (error) {
    return { checked: 0, unit: 'files', problems: [{ place: `results of ${name}`, message: messageOf(error) }] };
  }
}
