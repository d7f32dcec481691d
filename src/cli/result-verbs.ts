import type { Command } from 'commander';

/** The verbs that draw on what is stored: they start nothing and ask nobody. */
export function addResultVerbs(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('report')
    .description('write report.html, results.json, results.csv and rows.parquet of a run or an experiment')
    .argument('<name>', 'run or experiment')
    .option('--json', 'the paths as JSON on stdout', false)
    .action(async (name: string, options) => finish(await (await import('./report.js')).reportCommand(name, options)));
}
