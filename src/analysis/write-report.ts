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

/** A run or an experiment, and the root of its workspace. */
export interface Reported {
  readonly workspace: string;
  readonly name: string;
}

/** A report as it would be written: what is in it, and each of its files, drawn when asked for. */
export interface DrawnReport {
  readonly results: RunResults | ExperimentResults;
  readonly files: readonly { readonly file: string; readonly draw: () => string | Buffer }[];
}

/** Everything is drawn from what is stored: the same data give the same bytes. Writes nothing. */
export async function drawReport({ workspace, name }: Reported): Promise<DrawnReport> {
  const { results, details } = await loadAll(workspace, name);
  const runs = results.kind === 'run' ? [results] : results.runs;
  const checkpoints = runs.flatMap((run) => run.curve.map((point) => ({ run, point })));
  const lines = details.rows.flatMap(({ lines: own }) => own);
  return {
    results,
    files: [
      { file: 'results.json', draw: () => `${JSON.stringify(results, null, 2)}\n` },
      { file: 'results.csv', draw: () => csvOf(checkpointColumns, checkpoints) },
      { file: 'rows.parquet', draw: () => parquetFile(columnsOf(rowColumns, lines)) },
      { file: 'report.html', draw: () => renderReport(results, details.rows) },
    ],
  };
}

/**
 * Writes results.json, results.csv, rows.parquet and report.html beside what they are drawn from, each whole or not at
 * all. Also for what is still going: as far as it has come.
 */
export async function writeReport(reported: Reported): Promise<WrittenReport> {
  const { results, files } = await drawReport(reported);
  const pathOf = (file: string) => fileOf(reported.workspace, reported.name, file);
  for (const { file, draw } of files) {
    await writeFileAtomically(pathOf(file), draw());
  }
  return {
    results,
    resultsPath: pathOf('results.json'),
    reportPath: pathOf('report.html'),
    rowsPath: pathOf('rows.parquet'),
    csvPath: pathOf('results.csv'),
  };
}
