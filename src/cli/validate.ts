import { readConfigFile } from './config-file';
import { keyNames } from './credentials';
import { exitCodes } from './exit-codes';

/** `tutelage validate FILE`: reads and checks, starts nothing, asks nobody. */
export async function validateCommand(
  file: string,
  options: { readonly set: readonly string[]; readonly json: boolean },
): Promise<number> {
  const { config, runs } = await readConfigFile(file, options.set);
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ valid: true, name: config.name, runs: runs.map(({ run }) => run) })}\n`);
  } else {
    const [first] = runs;
    const rows = first ? first.config.iterations * first.config.samples_per_iteration : 0;
    const keys = keyNames(runs.map(({ config }) => config));
    const absent = keys.filter((name) => (process.env[name] ?? '') === '');
    process.stderr.write(
      [
        `${file} is valid: ${runs.length === 1 ? 'one run' : `${runs.length} runs`} of up to ${rows.toLocaleString('en-US')} rows`,
        ...absent.map((name) => `hint: preview and run need ${name} in the environment, which is not set`),
        `next: tutelage ${keys.length === 0 ? 'run' : 'preview'} ${file}`,
        '',
      ].join('\n'),
    );
  }
  return exitCodes.done;
}
