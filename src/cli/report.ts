import { summaryLines } from '../analysis/summary';
import { writeReport } from '../analysis/write-report';
import { openWorkspace } from '../store/workspace';
import { exitCodes } from './exit-codes';
import { openInBrowser } from './open-in-browser';

/** `tutelage report NAME`: draws what is stored, finished or not. Starts nothing. */
export async function reportCommand(
  name: string,
  options: { readonly open: boolean; readonly json: boolean },
): Promise<number> {
  const workspace = await openWorkspace();
  const { results, reportPath, resultsPath, csvPath, rowsPath } = await writeReport({
    workspace: workspace.root,
    name,
  });
  if (options.open) {
    await openInBrowser(reportPath);
  }
  if (options.json) {
    const files = { report: reportPath, results: resultsPath, csv: csvPath, rows: rowsPath };
    process.stdout.write(`${JSON.stringify({ event: 'report', name, ...files })}\n`);
  } else {
    const next = `tutelage export ${results.kind === 'run' ? name : (results.runs[0]?.run ?? name)}`;
    process.stderr.write(`${summaryLines(results, { reportPath, next }).join('\n')}\n`);
  }
  return exitCodes.done;
}
