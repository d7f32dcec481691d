import { writeFileAtomically } from '../store/workspace';
import { checkpointColumns, columnsOf, csvOf, rowColumns } from './data/columns';
import { parquetFile } from './data/parquet';
import { fileOf, loadAll } from './load';
import { renderReport } from './report/report';
import type { ExperimentResults, RunResults } from './results-schema';

export interface WrittenReport {
  readonly results: RunResults | ExperimentResults;
  readonly resultsPath: string;
  readonly reportPath: string;
  readonly rowsPath: string;
  readonly csvPath: string;
}

/**
 * Writes results.json, results.csv, rows.parquet and report.html beside what they are drawn from, each whole or not at
 * all. Also for what is still going: as far as it has come.
 */
export async function writeReport(options: {
  /** Root of the workspace. */
  workspace: string;
  /** A run or an experiment. */
  name: string;
}): Promise<WrittenReport> {
  const { workspace, name } = options;
  const { results, details } = await loadAll(workspace, name);
  const pathOf = (file: string) => fileOf(workspace, name, file);
  const runs = results.kind === 'run' ? [results] : results.runs;
  const checkpoints = runs.flatMap((run) => run.curve.map((point) => ({ run, point })));
  const lines = details.rows.flatMap(({ lines: own }) => own);
  await writeFileAtomically(pathOf('results.json'), `${JSON.stringify(results, null, 2)}\n`);
  await writeFileAtomically(pathOf('results.csv'), csvOf(checkpointColumns, checkpoints));
  await writeFileAtomically(pathOf('rows.parquet'), parquetFile(columnsOf(rowColumns, lines)));
  await writeFileAtomically(pathOf('report.html'), renderReport(results, details.rows));
  return {
    results,
    resultsPath: pathOf('results.json'),
    reportPath: pathOf('report.html'),
    rowsPath: pathOf('rows.parquet'),
    csvPath: pathOf('results.csv'),
  };
}
