#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, type Option } from 'commander';
import { servedQueues } from '../core/names';
import { addAuditingVerbs } from './auditing-verbs';
import { describeError, exitCodeOf, exitCodes } from './exit-codes';
import { addDoctorVerb, addPreparingVerbs } from './preparing-verbs';
import { parseQueues } from './queues';
import { addResultVerbs } from './result-verbs';
import { addSteeringVerbs } from './steer-verbs';
import { addWorkerVerb } from './worker-verb';

const collect = (value: string, earlier: readonly string[]) => [...earlier, value];

/**
 * The command line. Each verb is a file of its own, loaded when it is called (workers and figures take a second to load);
 * here is only what it is called and what it takes.
 */
export function buildProgram(finish: (exitCode: number) => void): Command {
  const program = new Command('tutelage')
    .description('Durable active distillation: a small student learns from rows a teacher writes, under a budget.')
    .showHelpAfterError()
    .configureHelp({ optionDescription: describeOption })
    .exitOverride();

  addPreparingVerbs(program, finish);

  program
    .command('run')
    .description('start what a configuration file describes, or go on with it after any interruption')
    .argument('<file>', 'configuration, YAML')
    .option('--set <path=value>', 'override one key; may be repeated', collect, [])
    .option('--new', 'start afresh beside a run of the same name', false)
    .option(
      '--queues <names>',
      'what this process does itself (loop is among it); `tutelage worker` does the rest',
      queuesWithLoop,
      servedQueues,
    )
    .option('--json', 'events as JSON lines on stdout', false)
    .action(async (file: string, options) => finish(await (await import('./run.js')).runCommand(file, options)));

  program
    .command('status')
    .description('what runs, how far it is, what it has spent and what it waits for; starts nothing')
    .argument('[name]', 'a run or an experiment; default: all of the workspace')
    .option('--watch', 'look again every second', false)
    .option('--json', 'one JSON line for each on stdout', false)
    .action(async (name: string | undefined, options) =>
      finish(await (await import('./status.js')).statusCommand(name, options)),
    );

  addWorkerVerb(program, finish);
  addSteeringVerbs(program, finish);
  addResultVerbs(program, finish);
  addAuditingVerbs(program, finish);
  addDoctorVerb(program, finish);
  program.addHelpText('after', exitCodeHelp);
  return program;
}

/** A flag that is off and a list that is empty go without saying. */
function describeOption({ description, defaultValue }: Option): string {
  const isSilent = defaultValue === undefined || defaultValue === false || String(defaultValue) === '';
  return isSilent ? description : `${description} (default: ${defaultValue})`;
}

function queuesWithLoop(text: string) {
  const queues = parseQueues(text);
  if (!queues.includes('loop')) {
    throw new InvalidArgumentError(
      'the records of a run are written where its loop is served: loop must be among them',
    );
  }
  return queues;
}

const exitCodeHelp = `
Exit codes: 0 done or already done; 1 failed; 2 wrong usage or configuration; 3 stopped before the goal (budget, pause);
4 a server, interpreter or credential is missing; 130 interrupted.
The workspace is ./.tutelage, or the folder that TUTELAGE_HOME names.`;

async function main(): Promise<void> {
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
  // All that a command opened is closed when it ends; a forgotten timer shall not keep a shell waiting.
  void main().finally(() => process.exit());
}
