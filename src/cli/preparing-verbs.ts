import { type Command, InvalidArgumentError } from 'commander';

type Finish = (exitCode: number) => void;

/** The verbs before a run: what it begins with, whether that is right, and what it would buy. */
export function addPreparingVerbs(program: Command, finish: Finish): void {
  program
    .command('init')
    .description('write a commented configuration, twenty seeds and a few test questions to begin with')
    .argument('[folder]', 'where to; nothing there is overwritten', '.')
    .option('--json', 'the paths as JSON on stdout', false)
    .action(async (folder: string, options) => finish(await (await import('./init.js')).initCommand(folder, options)));

  program
    .command('validate')
    .description('check a configuration file: all problems at once, nothing started')
    .argument('<file>', 'configuration, YAML')
    .option('--set <path=value>', 'override one key; may be repeated', collect, [])
    .option('--json', 'the result as JSON on stdout', false)
    .action(async (file: string, options) =>
      finish(await (await import('./validate.js')).validateCommand(file, options)),
    );

  program
    .command('preview')
    .description(
      'buy a few real rows and show them with verdicts and prices, and what all would cost; no student needed',
    )
    .argument('<file>', 'configuration, YAML')
    .option('-n, --rows <count>', 'rows to buy, at most 100; the same ones again cost nothing', rowCount, 5)
    .option('--set <path=value>', 'override one key; may be repeated', collect, [])
    .option('--json', 'rows and projection as JSON lines on stdout', false)
    .action(async (file: string, options) =>
      finish(await (await import('./preview.js')).previewCommand(file, options)),
    );
}

/** The verb for when something does not work, or before it is tried. */
export function addDoctorVerb(program: Command, finish: Finish): void {
  program
    .command('doctor')
    .description('what this machine and this workspace have for a run, and what to do about what they lack')
    .argument('[file]', 'a configuration, whose keys are looked for')
    .option('--json', 'one JSON line for each thing that is looked at', false)
    .action(async (file: string | undefined, options) =>
      finish(await (await import('./doctor.js')).doctorCommand(file, options)),
    );
}

const collect = (value: string, earlier: readonly string[]) => [...earlier, value];

function rowCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1 || count > 100) {
    throw new InvalidArgumentError('expected a whole number from 1 to 100');
  }
  return count;
}
