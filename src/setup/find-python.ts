import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { TutelageError } from '../core/errors';
import { childEnvironment } from '../processes/child-environment';

const run = promisify(execFile);
/** Python 3.MINOR: what the locks in engine/requirements have packages for. */
const OLDEST_MINOR = 11;
const NEWEST_MINOR = 14;
const SUPPORTED = `Python 3.${OLDEST_MINOR} to 3.${NEWEST_MINOR}`;
/** The newest one first, except 3.14, on which the engine has been tested least. */
const CANDIDATES = ['python3.13', 'python3.12', 'python3.11', 'python3.14', 'python3'];
const PROBE = 'import sys; print("%d.%d" % sys.version_info[:2]); import ensurepip, venv';
const INSTALL_HINT = `install ${SUPPORTED}, or name an interpreter that has torch with TUTELAGE_PYTHON`;

/**
 * A Python on PATH that can make the engine's environment. Each candidate is started, because a name on PATH may be a
 * version manager's placeholder for a Python that is not installed.
 *
 * @throws TutelageError `missing`: no Python at all, only unsupported versions, or one without the module `venv`.
 */
export async function findBasePython(): Promise<string> {
  const unsupported: string[] = [];
  let withoutVenv: string | undefined;
  for (const candidate of CANDIDATES) {
    const { version, canMakeEnvironments } = await probe(candidate);
    if (version === undefined) {
      continue;
    }
    const minor = minorOf(version);
    if (minor < OLDEST_MINOR || minor > NEWEST_MINOR) {
      unsupported.push(`${candidate} is ${version}`);
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
  const found = unsupported.length === 0 ? 'and there is no Python on PATH' : `but on PATH ${unsupported.join(', ')}`;
  throw new TutelageError('missing', `the student engine needs ${SUPPORTED}, ${found}`, INSTALL_HINT);
}

/** Of Python 3; another major version counts as too old or too new. */
function minorOf(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major === 3 ? minor : major < 3 ? -1 : Number.POSITIVE_INFINITY;
}

async function probe(candidate: string): Promise<{ version?: string; canMakeEnvironments: boolean }> {
  try {
    const { stdout } = await run(candidate, ['-c', PROBE], { timeout: 20_000, env: childEnvironment('install') });
    return { version: stdout.trim(), canMakeEnvironments: true };
  } catch (error) {
    const version = /^\d+\.\d+/.exec((error as { stdout?: string }).stdout ?? '')?.[0];
    return { canMakeEnvironments: false, ...(version === undefined ? {} : { version }) };
  }
}

/**
 * Checks the interpreter that TUTELAGE_PYTHON names, without importing the libraries, which takes seconds.
 *
 * @throws TutelageError `missing`: it does not run, is too old, or a library is not installed in it.
 */
export async function checkGivenPython(python: string): Promise<void> {
  const script = `
import importlib.util, sys
missing = [name for name in ("torch", "transformers", "peft") if importlib.util.find_spec(name) is None]
print("%d.%d" % sys.version_info[:2], ",".join(missing))`;
  const hint = 'name another interpreter, or unset TUTELAGE_PYTHON so that tutelage makes its own environment';
  const answer = await run(python, ['-c', script], { timeout: 60_000, env: childEnvironment('install') }).catch(
    (cause: unknown) => {
      const reason = (cause as Error).message.trim().split('\n').at(-1);
      throw new TutelageError('missing', `TUTELAGE_PYTHON names ${python}, which does not run: ${reason}`, hint, {
        cause,
      });
    },
  );
  const [version = '', absent] = answer.stdout.trim().split(' ');
  if (minorOf(version) < OLDEST_MINOR) {
    throw new TutelageError(
      'missing',
      `TUTELAGE_PYTHON names ${python}, which is Python ${version}; the student engine needs 3.${OLDEST_MINOR} or later`,
      hint,
    );
  }
  if (absent !== undefined) {
    const names = absent.split(',').join(', ');
    throw new TutelageError('missing', `TUTELAGE_PYTHON names ${python}, which does not have ${names}`, hint);
  }
}
