import type { Command } from 'commander';

/** The verbs of whoever must answer later: what happened, and does it still hold? */
export function addAuditingVerbs(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('audit')
    .description('recompute a run from its histories, ledger and artifacts, and name every place that differs')
    .argument('<run>', 'a run, or an experiment')
    .option('--seed <id>', "tell a seed's whole story instead")
    .option('--row <id>', "tell a row's instead: why it is there, what it cost, who learnt it")
    .option('--json', 'the result as JSON on stdout, one line a run', false)
    .action(async (run: string, options) => finish(await (await import('./audit.js')).auditCommand(run, options)));

  program
    .command('replay')
    .description("take this version's workflows through the histories of a run")
    .argument('<run>', 'a run, or an experiment')
    .option('--json', 'the result as JSON on stdout', false)
    .action(async (run: string, options) => finish(await (await import('./replay.js')).replayCommand(run, options)));

  program
    .command('fork')
    .description('a new run that shares the first iterations of another and goes its own way')
    .argument('<run>', 'the run to branch off from')
    .requiredOption('--after <k>', 'how many of its iterations are shared')
    .option('--set <path=value>', 'what is different from there on; may be repeated', collect, [])
    .option('--name <name>', 'of the new run; default: <run>-after-<k>')
    .option('--json', 'events as JSON lines on stdout', false)
    .action(async (run: string, options) => finish(await (await import('./fork.js')).forkCommand(run, options)));
}

const collect = (value: string, earlier: readonly string[]) => [...earlier, value];
