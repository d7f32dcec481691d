#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander';
import { servedQueues } from '../core/names';
import type { SteeringRequest } from '../core/steering';
import { provideTaskModules } from '../core/tasks/module/task-module';
import { loadTaskModule } from '../store/task-modules';
import { muteWhenClosed } from './closed-output';
import { endProcess } from './end-process';
import { describeError, exitCodeOf, exitCodes } from './exit-codes';
import { addMachineVerbs, type Finish } from './machine-verbs';
import {
  collect,
  hostAndPort,
  number,
  previewRowCount,
  queues,
  queuesWithLoop,
  settings,
  wholeNumber,
} from './option-values';
import { packageVersion } from './package-files';
import type { SteerOptions } from './steer';
import { writeSafely } from './terminal-safe';

/**
 * The command line: the name, the arguments and the options of every verb. Each verb has a file of its own, which is
 * loaded when the verb is called, because workers and figures take a second to load.
 */
export function buildProgram(finish: Finish): Command {
  const program = new Command('tutelage')
    .description('Durable active distillation: teach a small student with rows that a teacher writes, under a budget.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .showHelpAfterError()
    .configureHelp({ optionDescription: describeOption })
    .exitOverride();
  addPreparationVerbs(program, finish);
  addRunVerbs(program, finish);
  addSteeringVerbs(program, finish);
  addResultVerbs(program, finish);
  addHistoryVerbs(program, finish);
  addMachineVerbs(program, finish);
  program.addHelpText('after', exitCodeHelp);
  return program;
}

/** Before a run: start a configuration, check it, see what it would buy. */
function addPreparationVerbs(program: Command, finish: Finish): void {
  program
    .command('init')
    .description('write starter files: a commented configuration and some questions')
    .argument('[folder]', 'where to write them; existing files are never overwritten', '.')
    .addOption(
      new Option(
        '--kind <kind>',
        'what answers are: numbers, options of multiple-choice questions, labels, JSON, open (graded by a judge), or code (with tests)',
      )
        .choices(['numbers', 'choice', 'labels', 'json', 'open', 'code'])
        .default('numbers'),
    )
    .option('--json', 'the paths as JSON on stdout', false)
    .action(async (folder: string, options) => finish(await (await import('./init.js')).initCommand(folder, options)));

  program
    .command('schema')
    .description('print the JSON Schema of configuration files, for completion and checks in an editor')
    .option('--json', 'no effect: the schema is JSON', false)
    .action(async () => finish(await (await import('./schema.js')).schemaCommand()));

  program
    .command('validate')
    .description('check a configuration and its data, and report every problem at once; starts nothing')
    .argument('<file>', 'configuration, YAML')
    .option('--set <path=value>', 'override one key; may be repeated', collect, [])
    .option('--json', 'the result as JSON on stdout', false)
    .action(async (file: string, options) =>
      finish(await (await import('./validate.js')).validateCommand(file, options)),
    );

  program
    .command('preview')
    .description('buy a few real rows, show each with its verdict and price, and project the cost of the run')
    .argument('<file>', 'configuration, YAML')
    .option('-n, --rows <count>', 'rows to buy, at most 100; repeating a preview is free', previewRowCount, 5)
    .option('--set <path=value>', 'override one key; may be repeated', collect, [])
    .option('--yes', 'agree to hosts that are new to this workspace', false)
    .option('--json', 'rows and projection as JSON lines on stdout', false)
    .action(async (file: string, options) =>
      finish(await (await import('./preview.js')).previewCommand(file, options)),
    );
}

function addRunVerbs(program: Command, finish: Finish): void {
  program
    .command('run')
    .description('start the runs of a configuration, or resume them after any interruption')
    .argument('<file>', 'configuration, YAML')
    .option('--set <path=value>', 'override one key; may be repeated', collect, [])
    .option('--new', 'start again beside an earlier run of the same name', false)
    .option('--open', 'open the report in a browser when all runs have ended', false)
    .option('--ui', 'show the workspace in a browser meanwhile, as `tutelage ui` does; the address is printed', false)
    .option('--detach', 'leave the run working in the background, whatever becomes of this terminal', false)
    .option(
      '--queues <names>',
      'task queues that this process serves, loop included; `tutelage worker` serves the others',
      queuesWithLoop,
      servedQueues,
    )
    .option('--yes', 'agree to hosts that are new to this workspace', false)
    .option('--json', 'events as JSON lines on stdout', false)
    .action(async (file: string, options) => finish(await (await import('./run.js')).runCommand(file, options)));

  program
    .command('status')
    .description('show runs with progress, spend and what they are waiting for (read-only)')
    .argument('[name]', 'a run or an experiment; default: all of the workspace')
    .option('--watch', 'refresh every second', false)
    .option('--json', 'one JSON line for each on stdout', false)
    .action(async (name: string | undefined, options) =>
      finish(await (await import('./status.js')).statusCommand(name, options)),
    );

  program
    .command('list')
    .description('list runs and experiments with state, rows, spend, last change and disk space (read-only)')
    .option('--json', 'one JSON line for each on stdout', false)
    .action(async (options) => finish(await (await import('./list.js')).listCommand(options)));

  program
    .command('attach')
    .description('show the live view of a run that works elsewhere; Ctrl-C leaves the view and not the run')
    .argument('<name>', 'a run or an experiment')
    .option('--json', 'events as JSON lines on stdout', false)
    .action(async (name: string, options) => finish(await (await import('./attach.js')).attachCommand(name, options)));

  program
    .command('logs')
    .description('print the log of a run, or of all runs of an experiment')
    .argument('<name>', 'a run or an experiment')
    .option('--follow', 'keep printing new lines until interrupted', false)
    .option('--json', 'the log lines as they are stored, JSON', false)
    .action(async (name: string, options) => finish(await (await import('./logs.js')).logsCommand(name, options)));

  program
    .command('worker')
    .description('serve task queues on this machine until interrupted; `tutelage run` starts the runs')
    .option('--queues <names>', 'some of loop, teacher, student', queues, servedQueues)
    .option('--engines <count>', 'student engines; default: one for each GPU, or one without a GPU', wholeNumber)
    .option('--drain-seconds <seconds>', 'after a signal, how long steps in progress may take', wholeNumber, 60)
    .option('--listen <host:port>', 'serve /health and /metrics (Prometheus) at this address', hostAndPort)
    .option('--json', 'events as JSON lines on stdout', false)
    .action(async (options) => finish(await (await import('./worker.js')).workerCommand(options)));
}

/** What changes a run while it works. Each verb takes the name of a run or of an experiment. */
function addSteeringVerbs(program: Command, finish: Finish): void {
  const verb = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .argument('<name>', 'a run or an experiment, as `tutelage status` shows it')
      .option('--json', 'the new state as JSON on stdout', false);
  const steer = async (name: string, request: SteeringRequest, options: SteerOptions) =>
    finish(await (await import('./steer.js')).steerCommand(name, request, options));

  verb('pause', 'pause a run at its next safe point')
    .option('--now', 'interrupt the step in progress; a finetune saves a checkpoint first', false)
    .action((name: string, options) => steer(name, { verb: 'pause', now: options.now }, options));
  verb('resume', 'resume a run that is paused or waiting for a key, quota or budget').action((name: string, options) =>
    steer(name, { verb: 'resume' }, options),
  );
  verb('stop', 'finish and evaluate the current iteration, then end the run').action((name: string, options) =>
    steer(name, { verb: 'stop' }, options),
  );
  verb('budget', 'raise or lower caps, though not below what is already spent')
    .option('--usd <amount>', 'USD at teacher.price', number)
    .option('--tokens <count>', 'teacher tokens, input and output', number)
    .option('--samples <count>', 'accepted rows', number)
    .action((name: string, { usd, tokens, samples, ...options }) =>
      steer(name, { verb: 'budget', usd, tokens, samples }, options),
    );
  verb('set', 'change requests in flight, iterations, or the number of runs that work at the same time')
    .argument('<setting...>', 'concurrency=N, iterations=N, parallel_runs=N')
    .action((name: string, texts: string[], options) => steer(name, settings(texts), options));
}

/** Drawn from stored records: these start nothing and send nothing. */
function addResultVerbs(program: Command, finish: Finish): void {
  program
    .command('report')
    .description('write report.html, results.json, results.csv and rows.parquet of a run or an experiment')
    .argument('<name>', 'a run or an experiment')
    .option('--open', 'open the report in a browser', false)
    .option('--json', 'the paths as JSON on stdout', false)
    .action(async (name: string, options) => finish(await (await import('./report.js')).reportCommand(name, options)));

  program
    .command('grade')
    .description("grade another model's answers as a run of this file would")
    .argument('<file>', 'configuration, YAML; only its task is used')
    .requiredOption(
      '--answers <file>',
      'JSONL or Parquet: answer, with id, or question and reference (not needed where the test set has the question)',
    )
    .option('--set <path=value>', 'override one key; may be repeated', collect, [])
    .option('--json', 'no effect: verdicts are always JSON lines on stdout', false)
    .action(async (file: string, options) => finish(await (await import('./grade.js')).gradeCommand(file, options)));

  program
    .command('export')
    .description('write the rows of a run as a training dataset with a dataset card')
    .argument('<run>', 'a run')
    .option('--out <folder>', 'where to write it; default: ./RUN-export')
    .option('--alpaca', 'also write alpaca.jsonl', false)
    .option('--student', 'also write the last student: its weights, or its adapter and base', false)
    .option('--merged', 'also write the last student as one model, its adapter merged into its base', false)
    .option('--json', 'the paths as JSON on stdout', false)
    .action(async (run: string, options) => finish(await (await import('./export.js')).exportCommand(run, options)));
}

/** What happened, whether it still holds, and another run from there. */
function addHistoryVerbs(program: Command, finish: Finish): void {
  program
    .command('audit')
    .description('recompute a run from its histories, ledger and artifacts, and report every difference')
    .argument('<name>', 'a run or an experiment')
    .option('--seed <id>', 'show the lineage of a seed instead: every answer, measurement and pick')
    .option('--row <id>', 'show the lineage of a row instead: why it exists, its cost, the students trained on it')
    .option('--json', 'the result as JSON on stdout, one line a run', false)
    .action(async (name: string, options) => finish(await (await import('./audit.js')).auditCommand(name, options)));

  program
    .command('replay')
    .description("replay a run's histories with this version's workflows (compatibility check)")
    .argument('<name>', 'a run or an experiment')
    .option('--json', 'the result as JSON on stdout', false)
    .action(async (name: string, options) => finish(await (await import('./replay.js')).replayCommand(name, options)));

  program
    .command('fork')
    .description('branch a new run from another, reusing its first iterations')
    .argument('<run>', 'the run to branch from')
    .requiredOption('--after <k>', 'number of iterations to reuse')
    .option('--set <path=value>', 'a key that differs from there on; may be repeated', collect, [])
    .option('--name <name>', 'name of the new run; default: <run>-after-<k>')
    .option('--yes', 'agree to hosts that are new to this workspace', false)
    .option('--json', 'events as JSON lines on stdout', false)
    .action(async (run: string, options) => finish(await (await import('./fork.js')).forkCommand(run, options)));
}

/** Defaults that say nothing, such as a flag that is off or an empty list, are not shown. */
function describeOption({ description, defaultValue }: Option): string {
  const isSilent = defaultValue === undefined || defaultValue === false || String(defaultValue) === '';
  return isSilent ? description : `${description} (default: ${defaultValue})`;
}

const exitCodeHelp = `
Exit codes: 0 done, or nothing left to do; 1 failed; 2 wrong usage or configuration; 3 stopped early (budget or pause);
4 a server, interpreter or credential is missing; 130 interrupted.
The workspace is ./.tutelage, or the folder that TUTELAGE_HOME names.`;

async function main(): Promise<void> {
  writeSafely([process.stdout, process.stderr]);
  muteWhenClosed([process.stdout, process.stderr]);
  provideTaskModules((path) =>
    loadTaskModule(path, { onChanged: (sentence) => process.stderr.write(`warning: ${sentence}\n`) }),
  );
  try {
    await buildProgram((exitCode) => {
      process.exitCode = exitCode;
    }).parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
      return;
    }
    process.stderr.write(`${describeError(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

if (require.main === module) {
  // Commands close what they open; a forgotten timer must not keep the shell waiting.
  void main().finally(() => endProcess());
}
