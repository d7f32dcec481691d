import { lookForPython } from '../setup/python';
import { workspaceAt } from '../store/workspace';
import { readConfigFile } from './config-file';
import { type DoctorCheck, type DoctorContext, type DoctorFinding, inspectWith } from './doctor/check';
import { diskCheck, gpuCheck, nodeCheck, pythonCheck, torchCheck } from './doctor/machine';
import { credentialsCheck, temporalCheck } from './doctor/services';
import { studentCheck } from './doctor/student';
import { artifactsCheck, ledgerCheck, processesCheck, workspaceCheck } from './doctor/workspace';
import { exitCodes } from './exit-codes';
import type { CheckedEvent } from './json-events';

/** In the order in which a run needs them. */
const checks: readonly DoctorCheck[] = [
  nodeCheck,
  pythonCheck,
  torchCheck,
  gpuCheck,
  studentCheck,
  temporalCheck,
  credentialsCheck,
  diskCheck,
  workspaceCheck,
  ledgerCheck,
  artifactsCheck,
  processesCheck,
];

/** `tutelage doctor [FILE]`: checks this machine and workspace, and explains how to fix what is missing. Changes nothing. */
export async function doctorCommand(file: string | undefined, options: { readonly json: boolean }): Promise<number> {
  const configs = file === undefined ? [] : (await readConfigFile(file, [])).runs.map(({ config }) => config);
  const python = await lookForPython().then(
    ({ ready }) => ready,
    (error: Error) => error,
  );
  const workspace = workspaceAt();
  const context: DoctorContext = { workspace, configs, environment: process.env, python };
  let isReady = true;
  for (const check of checks) {
    const finding = await inspectWith(check, context);
    isReady &&= finding.fix === undefined;
    process.stdout.write(options.json ? `${JSON.stringify(eventOf(finding))}\n` : `${lineOf(finding)}\n`);
  }
  return isReady ? exitCodes.done : exitCodes.missing;
}

const eventOf = ({ name, detail, fix }: DoctorFinding): CheckedEvent => ({
  event: 'checked',
  check: name,
  ok: fix === undefined,
  detail,
  fix: fix ?? null,
});

const lineOf = ({ name, detail, fix }: DoctorFinding) =>
  `${fix === undefined ? 'ok ' : 'fix'}  ${name.padEnd(11)}  ${detail}${fix === undefined ? '' : `\n     ${''.padEnd(11)}  hint: ${fix}`}`;
