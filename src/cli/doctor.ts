import { lookForPython } from '../setup/python';
import { workspaceAt } from '../store/workspace';
import { readConfigFile } from './config-file';
import { type Check, type Finding, lookWith, type Patient } from './doctor/check';
import { diskCheck, gpuCheck, nodeCheck, pythonCheck, torchCheck } from './doctor/machine';
import { credentialsCheck, temporalCheck } from './doctor/services';
import { artifactsCheck, ledgerCheck, processesCheck, workspaceCheck } from './doctor/workspace';
import { exitCodes } from './exit-codes';
import type { CheckedEvent } from './json-events';

/** In the order in which a run meets them. */
const checks: readonly Check[] = [
  nodeCheck,
  pythonCheck,
  torchCheck,
  gpuCheck,
  temporalCheck,
  credentialsCheck,
  diskCheck,
  workspaceCheck,
  ledgerCheck,
  artifactsCheck,
  processesCheck,
];

/** `tutelage doctor [FILE]`: what this machine and this workspace have for a run, and what they lack. Changes nothing. */
export async function doctorCommand(file: string | undefined, options: { readonly json: boolean }): Promise<number> {
  const configs = file === undefined ? [] : (await readConfigFile(file, [])).runs.map(({ config }) => config);
  const python = await lookForPython().then(
    ({ ready }) => ready,
    (error: Error) => error,
  );
  const workspace = workspaceAt(process.env.TUTELAGE_HOME ?? '.tutelage');
  const patient: Patient = { workspace, configs, environment: process.env, python };
  let isWell = true;
  for (const check of checks) {
    const finding = await lookWith(check, patient);
    isWell &&= finding.todo === undefined;
    process.stdout.write(options.json ? `${JSON.stringify(eventOf(finding))}\n` : `${lineOf(finding)}\n`);
  }
  return isWell ? exitCodes.done : exitCodes.missing;
}

const eventOf = ({ name, found, todo }: Finding): CheckedEvent => ({
  event: 'checked',
  check: name,
  isOk: todo === undefined,
  found,
  todo: todo ?? null,
});

const lineOf = ({ name, found, todo }: Finding) =>
  `${todo === undefined ? 'ok  ' : 'todo'}  ${name.padEnd(11)}  ${found}${todo === undefined ? '' : `\n      ${''.padEnd(11)}  hint: ${todo}`}`;
