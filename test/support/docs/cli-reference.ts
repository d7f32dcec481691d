import type { Command } from 'commander';
import { buildProgram } from '../../../src/cli/main';

const COLUMNS = 110;

/** `docs/cli.md`: the help texts of all verbs, as `--help` prints them, so it cannot be out of date. */
export function cliReference(): string {
  const program = buildProgram(() => {});
  return [
    '# Command line',
    '',
    'What `tutelage --help` and the `--help` of each verb print. Every verb has `--json`: JSON on stdout, whose keys are',
    'only ever added ([json-events.md](json-events.md)); what is for people is on stderr.',
    '',
    ...helpOf(program),
    ...program.commands.flatMap((verb) => [`## ${verb.name()}`, '', ...helpOf(verb)]),
  ].join('\n');
}

function helpOf(command: Command): string[] {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => COLUMNS,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return ['```', text.trim(), '```', ''];
}
