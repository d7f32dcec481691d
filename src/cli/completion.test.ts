import { spawnSync } from 'node:child_process';
import { completionScript } from './completion';
import { buildProgram } from './main';

const script = completionScript(
  buildProgram(() => {}),
  'bash',
);

/** What bash offers for the words so far; `tutelage` itself is a function that knows two names. */
function offered(...words: string[]): string[] {
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const asked = `tutelage() { echo quickstart; echo other; }
${script}
COMP_WORDS=(tutelage ${quoted}); COMP_CWORD=${words.length}; _tutelage; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return spawnSync('bash', ['-c', asked], { encoding: 'utf8' }).stdout.trim().split('\n');
}

it('verbs are completed', () => expect(offered('sta')).toEqual(['status']));
it('options of a verb are completed', () => expect(offered('run', '--de')).toEqual(['--detach']));
it('names of the workspace are completed', () => expect(offered('attach', 'qui')).toEqual(['quickstart']));
it('no verb is missing', () => {
  const program = buildProgram(() => {});
  const verbs = program.commands.map((command) => command.name()).filter((name) => name !== 'completion');
  expect(offered('').sort()).toEqual(verbs.sort());
  for (const shell of ['zsh', 'fish'] as const) {
    expect(verbs.every((verb) => completionScript(program, shell).includes(verb))).toBe(true);
  }
});
