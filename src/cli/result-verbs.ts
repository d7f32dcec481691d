import type { Command } from 'commander';

/** The verbs that draw on what is stored: they start nothing and ask nobody. */
export function addResultVerbs(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('report')
    .description('write report.html, results.json, results.csv and rows.parquet of a run or an experiment')
    .argument('<name>', 'run or experiment')
    .option('--json', 'the paths as JSON on stdout', false)
    .action(async (name: string, options) => finish(await (await import('./report.js')).reportCommand(name, options)));

  program
    .command('export')
    .description('write the rows of a run as a dataset to train on, with a card')
    .argument('<run>', 'name of the run')
    .option('--out <folder>', 'where to; default: RUN-export here')
    .option('--alpaca', 'alpaca.jsonl too', false)
    .option('--student', 'the last student too: its weights, or its adapter and base', false)
    .option('--merged', 'the last student too, its adapter merged into its base: one model that loads alone', false)
    .option('--json', 'the paths as JSON on stdout', false)
    .action(async (run: string, options) => finish(await (await import('./export.js')).exportCommand(run, options)));
}
