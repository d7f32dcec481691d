import type { Command } from 'commander';
import { workspaceAt } from '../store/workspace';
import { exitCodes } from './exit-codes';
import { listWork } from './workspace-names';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** `tutelage completion SHELL`: the script that the shell evaluates. */
export function completionCommand(program: Command, shell: Shell): number {
  process.stdout.write(completionScript(program, shell));
  return exitCodes.done;
}

/** The names that verbs take, one a line; asked for by the script. Never fails: a shell that completes wants no errors. */
export async function completionNames(): Promise<number> {
  const works = await listWork(workspaceAt()).catch(() => []);
  process.stdout.write(works.map(({ name }) => `${name}\n`).join(''));
  return exitCodes.done;
}

export function completionScript(program: Command, shell: Shell): string {
  const verbs = program.commands.filter((command) => command.name() !== 'completion');
  return shell === 'fish' ? fishScript(verbs) : bashScript(verbs, shell);
}

const optionsOf = (verb: Command) => verb.options.flatMap(({ long }) => (long == null ? [] : [long]));

/** Verbs that take a file complete files; those that take a name, the names of this workspace. */
const takesName = (verb: Command) => verb.registeredArguments.some((one) => ['name', 'run'].includes(one.name()));

function bashScript(verbs: readonly Command[], shell: 'bash' | 'zsh'): string {
  const cases = verbs.map((verb) => `    ${verb.name()}) words="${optionsOf(verb).join(' ')}" ;;`);
  const named = verbs.filter(takesName).map((verb) => verb.name());
  return `${shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}_tutelage() {
  local current="\${COMP_WORDS[COMP_CWORD]}" verb="\${COMP_WORDS[1]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${verbs.map((verb) => verb.name()).join(' ')}" -- "$current"))
    return
  fi
  case "$verb" in
${cases.join('\n')}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *)
      case "$verb" in
        ${named.join('|')}) COMPREPLY=($(compgen -W "$(tutelage completion names 2>/dev/null)" -- "$current")) ;;
        *) COMPREPLY=($(compgen -f -- "$current")) ;;
      esac ;;
  esac
}
complete -F _tutelage tutelage
`;
}

function fishScript(verbs: readonly Command[]): string {
  const lines = verbs.flatMap((verb) => {
    const seen = `__fish_seen_subcommand_from ${verb.name()}`;
    return [
      `complete -c tutelage -n __fish_use_subcommand -a ${verb.name()} -d '${verb.description().replaceAll("'", "\\'")}'`,
      ...optionsOf(verb).map((option) => `complete -c tutelage -n '${seen}' -l ${option.slice(2)}`),
      ...(takesName(verb) ? [`complete -c tutelage -f -n '${seen}' -a '(tutelage completion names)'`] : []),
    ];
  });
  return `${lines.join('\n')}\n`;
}
