import type { Command } from 'commander';

/** The verbs before a run: what it begins with, what it would buy, and what this machine lacks for it. */
export function addPreparingVerbs(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('init')
    .description('write a commented configuration, twenty seeds and a few test questions to begin with')
    .argument('[folder]', 'where to; nothing there is overwritten', '.')
    .option('--json', 'the paths as JSON on stdout', false)
    .action(async (folder: string, options) => finish(await (await import('./init.js')).initCommand(folder, options)));
}
