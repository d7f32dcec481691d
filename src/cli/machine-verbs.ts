import { Argument, type Command } from 'commander';
import type { Shell } from './completion';
import { port } from './option-values';

export type Finish = (exitCode: number) => void;

/** Verbs about this machine, its server and the workspace as a whole. */
export function addMachineVerbs(program: Command, finish: Finish): void {
  program
    .command('prune')
    .description('show what is not needed any more and how much it is, and remove it when that is confirmed')
    .option('--yes', 'remove it without asking', false)
    .option('--json', 'the result as JSON on stdout', false)
    .action(async (options) => finish(await (await import('./prune.js')).pruneCommand(options)));

  program
    .command('delete')
    .description('delete a run or an experiment; what it spent stays in the ledger')
    .argument('<name>', 'a run or an experiment')
    .option('--yes', 'delete it without asking', false)
    .option('--json', 'the result as JSON on stdout', false)
    .action(async (name: string, options) => finish(await (await import('./delete.js')).deleteCommand(name, options)));

  program
    .command('completion')
    .description('print the completion script of a shell; for bash: eval "$(tutelage completion bash)"')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(['bash', 'zsh', 'fish', 'names']))
    .option('--json', 'no effect: the script is text', false)
    .action(async (shell: Shell | 'names') => {
      const { completionCommand, completionNames } = await import('./completion.js');
      finish(shell === 'names' ? await completionNames() : completionCommand(program, shell));
    });

  program
    .command('ui')
    .description('show the workspace in a browser, while runs work and after; until interrupted')
    .option('--port <port>', 'where to serve it, on 127.0.0.1; default: any free port', port)
    .option('--open', 'open it in a browser', false)
    .option('--json', 'the address as JSON on stdout', false)
    .action(async (options) => finish(await (await import('./ui.js')).uiCommand(options)));

  program
    .command('temporal')
    .description(
      "show the workspace's Temporal server and its Web UI, with the histories of all runs; until interrupted",
    )
    .argument('[name]', 'a run or an experiment, to link its history')
    .option('--open', 'open the Web UI in a browser', false)
    .option('--json', 'the addresses as JSON on stdout', false)
    .action(async (name: string | undefined, options) =>
      finish(await (await import('./temporal.js')).temporalCommand(name, options)),
    );

  program
    .command('backup')
    .description('copy the workspace, also while runs are working; the copy is a workspace itself')
    .argument('<folder>', 'where to; it must not exist yet')
    .option('--json', 'the result as JSON on stdout', false)
    .action(async (folder: string, options) =>
      finish(await (await import('./backup.js')).backupCommand(folder, options)),
    );

  program
    .command('doctor')
    .description('check this machine and workspace, and explain how to fix what is missing')
    .argument('[file]', 'a configuration, to check the keys that it needs')
    .option('--json', 'one JSON line for each check', false)
    .action(async (file: string | undefined, options) =>
      finish(await (await import('./doctor.js')).doctorCommand(file, options)),
    );
}
