import { count, plural } from '../analysis/phrases';
import type { RunConfig } from '../core/config/schema';
import { powerOfPlan } from '../core/power-of-plan';
import { type PlannedRows, plannedRowsOfAll } from '../core/run-plan-rows';
import { taskOf } from '../core/tasks/registry';
import { workspaceAt } from '../store/workspace';
import { datasetsFolder, readConfigFile } from './config-file';
import { destinationLine, destinationsOf, keyNames, newDestinations } from './credentials';
import { dataSummaries, summaryLines } from './data-summary';
import { exitCodes } from './exit-codes';
import { powerLine } from './power-line';

/** `tutelage validate FILE`: checks the file and its data, and shows how it understands them. Buys nothing. */
export async function validateCommand(
  file: string,
  options: { readonly set: readonly string[]; readonly json: boolean },
): Promise<number> {
  const { config, runs } = await readConfigFile(file, options.set);
  const rows = plannedRowsOfAll(runs);
  const power = powerOfPlan(runs);
  const data = await dataSummaries(runs, datasetsFolder());
  const configs = runs.map(({ config }) => config);
  const destinations = destinationsOf(configs);
  const unknown = await newDestinations(workspaceAt(), destinations);
  const sends = destinations.map((one) => ({ ...one, isNew: unknown.includes(one) }));
  if (options.json) {
    const names = runs.map(({ run }) => run);
    process.stdout.write(
      `${JSON.stringify({ valid: true, name: config.name, runs: names, rows, power, data, sends })}\n`,
    );
  } else {
    const keys = keyNames(configs);
    const absent = keys.filter((name) => (process.env[name] ?? '') === '');
    process.stderr.write(
      [
        ...data.flatMap((summary) => [...summaryLines(summary), '']),
        `${file} is valid: ${scopeText(runs.length, rows)}`,
        ...(power === null ? [] : [powerLine(power, rows.total)]),
        ...(runs.some(({ config }) => isToy(config)) ? [TOY] : []),
        ...sends.map(
          (one) => `${destinationLine(one)}${one.isNew ? ' (new to this workspace: you will be asked)' : ''}`,
        ),
        ...absent.map((name) => `hint: preview and run need ${name} in the environment, which is not set`),
        `next: tutelage ${keys.length === 0 ? 'run' : 'preview'} ${file}`,
        '',
      ].join('\n'),
    );
  }
  return exitCodes.done;
}

const TOY =
  'hint: student.base: tiny is a toy of 0.1 M parameters, made for the built-in tasks; on texts of your own it learns little';

/** The tiny student, on texts that no built-in task makes. */
const isToy = ({ student, task }: RunConfig) => student.base === 'tiny' && taskOf(task).alphabet === null;

/** `1 run of at most 50 rows`; `4 runs of 20 to 2,000 rows each, at most 4,040 in all`. */
function scopeText(runs: number, { total, perRun }: PlannedRows): string {
  const { fewest, most } = perRun;
  if (runs === 1) {
    return `1 run of at most ${plural(most, 'row')}`;
  }
  const each = fewest === most ? plural(most, 'row') : `${count(fewest)} to ${plural(most, 'row')}`;
  return `${plural(runs, 'run')} of ${each} each, at most ${count(total)} in all`;
}
