import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { TutelageError } from '../core/errors';

const run = promisify(execFile);
const OLDEST_MINOR = 11;
const CANDIDATES = ['python3.13', 'python3.12', 'python3.11', 'python3'];
const PROBE = 'import sys; print("%d.%d" % sys.version_info[:2]); import ensurepip, venv';
const INSTALL_HINT = 'install Python 3.11, 3.12 or 3.13, or name an interpreter that has torch with TUTELAGE_PYTHON';

/**
 * A Python on PATH that can make the engine's environment. Each candidate is started, because a name on PATH may be a
 * version manager's stand-in for a Python that is not there.
 *
 * @throws TutelageError `missing`: none at all, only older ones, or one without the module that makes environments.
 */
export async function findBasePython(): Promise<string> {
  const tooOld: string[] = [];
  let withoutVenv: string | undefined;
  for (const candidate of CANDIDATES) {
    const { version, canMakeEnvironments } = await probe(candidate);
    if (version === undefined) {
      continue;
    }
    const [major = 0, minor = 0] = version.split('.').map(Number);
    if (major < 3 || (major === 3 && minor < OLDEST_MINOR)) {
      tooOld.push(`${candidate} is ${version}`);
    } else if (canMakeEnvironments) {
      return candidate;
    } else {
      withoutVenv ??= `${candidate} (${version})`;
    }
  }
  if (withoutVenv !== undefined) {
    throw new TutelageError(
      'missing',
      `${withoutVenv} cannot make a virtual environment: its modules venv and ensurepip are not installed`,
      'install them (on Debian and Ubuntu: apt install python3-venv) and run the command again',
    );
  }
  throw new TutelageError(
    'missing',
    tooOld.length === 0
      ? 'the student engine needs Python 3.11 or later, and there is no Python on PATH'
      : `the student engine needs Python 3.11 or later; on PATH ${tooOld.join(', ')}`,
    INSTALL_HINT,
  );
}

async function probe(candidate: string): Promise<{ version?: string; canMakeEnvironments: boolean }> {
  try {
    const { stdout } = await run(candidate, ['-c', PROBE], { timeout: 20_000, env: process.env });
    return { version: stdout.trim(), canMakeEnvironments: true };
  } catch (error) {
    const version = /^\d+\.\d+/.exec((error as { stdout?: string }).stdout ?? '')?.[0];
    return { canMakeEnvironments: false, ...(version === undefined ? {} : { version }) };
  }
}

/**
 * Checks the interpreter that TUTELAGE_PYTHON names, without importing the libraries, which takes seconds.
 *
 * @throws TutelageError `missing`: it does not run, is too old, or lacks a library.
 */
export async function checkGivenPython(python: string): Promise<void> {
  const script = `
import importlib.util, sys
missing = [name for name in ("torch", "transformers", "peft") if importlib.util.find_spec(name) is None]
print("%d.%d" % sys.version_info[:2], ",".join(missing))`;
  const hint = 'name another interpreter, or unset TUTELAGE_PYTHON to have the environment made';
  const answer = await run(python, ['-c', script], { timeout: 60_000, env: process.env }).catch((cause: unknown) => {
    const reason = (cause as Error).message.trim().split('\n').at(-1);
    throw new TutelageError('missing', `TUTELAGE_PYTHON names ${python}, which does not run: ${reason}`, hint, {
      cause,
    });
  });
  const [version = '', lacking] = answer.stdout.trim().split(' ');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < 3 || (major === 3 && minor < OLDEST_MINOR)) {
    throw new TutelageError(
      'missing',
      `TUTELAGE_PYTHON names ${python}, which is Python ${version}; 3.11 is needed`,
      hint,
    );
  }
  if (lacking !== undefined) {
    const names = lacking.split(',').join(', ');
    throw new TutelageError('missing', `TUTELAGE_PYTHON names ${python}, which lacks ${names}`, hint);
  }
}
