import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { problemOf, summaryOf } from './install-step';
import { ensurePython } from './python';

const root = join(__dirname, '..', '..');
let folder: string;
const environment = { ...process.env };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tutelage-setup-'));
  mkdirSync(join(folder, 'bin'));
  process.env.PATH = [join(folder, 'bin'), '/usr/bin', '/bin'].join(delimiter);
  process.env.XDG_CACHE_HOME = join(folder, 'cache');
  delete process.env.TUTELAGE_PYTHON;
  for (const name of ['python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3']) {
    program(name, 'exit 127');
  }
});
afterEach(() => {
  process.env = { ...environment };
  rmSync(folder, { recursive: true });
});

function program(name: string, script: string): string {
  const path = join(folder, 'bin', name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('a base Python', () => {
  const check = async (python3: string, message: RegExp) => {
    program('python3', python3);
    await expect(ensurePython()).rejects.toMatchObject({ kind: 'missing', message: expect.stringMatching(message) });
  };
  it('that is missing', () => check('exit 127', /there is no Python on PATH/));
  it('that is too old', () => check('echo 3.9', /needs Python 3.11 to 3.14, but on PATH python3 is 3.9$/));
  it('that is too new for the locked packages', () => check('echo 3.15', /on PATH python3 is 3.15$/));
  it('without venv', () => check('echo 3.12; exit 1', /python3 \(3.12\) cannot make a virtual environment/));
});

describe('TUTELAGE_PYTHON', () => {
  const check = async (script: string, message: RegExp) => {
    process.env.TUTELAGE_PYTHON = program('given', script);
    await expect(ensurePython()).rejects.toMatchObject({ kind: 'missing', message: expect.stringMatching(message) });
  };
  it('is refused when it does not run', () => check('exit 127', /does not run/));
  it('is refused when it is too old', () =>
    check('echo 3.10', /is Python 3.10; the student engine needs 3.11 or later/));
  it('is refused without the libraries', () => check('echo 3.11 torch,peft', /does not have torch, peft$/));
  it('is used when it has what the engine needs', async () => {
    const python = program('given', 'echo 3.11');
    process.env.TUTELAGE_PYTHON = python;
    expect(await ensurePython()).toEqual({ python, binDirectory: join(folder, 'bin') });
  });
});

describe('an installation', () => {
  /** A Python that makes an environment of itself, writes down what it was told, and fails where `failing` matches. */
  const installer = (failing = 'nothing', complaint = '') =>
    program(
      'python3.11',
      `case "$*" in
        *"-m venv"*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
        *ensurepip*) echo 3.11 ;;
      esac
      echo "$*" >> ${folder}/told
      case "$*" in *"${failing}"*) echo "${complaint}"; exit 1 ;; esac`,
    );
  const told = () => readFileSync(join(folder, 'told'), 'utf8');

  it('is found again without starting anything', async () => {
    installer();
    const messages: string[] = [];
    const made = await ensurePython({ onProgress: (message) => messages.push(message) });
    expect(messages.join('\n')).toMatch(
      /making a Python environment[\s\S]*installing torch[\s\S]*packages[\s\S]*trying/,
    );
    rmSync(join(folder, 'told'));
    expect(await ensurePython()).toEqual(made);
    expect(existsSync(join(folder, 'told'))).toBe(false);
  });

  it('is made once for two that ask at the same time', async () => {
    installer();
    await Promise.all([ensurePython(), ensurePython()]);
    expect(told().match(/-m venv/g)).toHaveLength(1);
  });

  it('installs locked packages only, each with its hash', async () => {
    installer();
    await ensurePython();
    const installs = told().match(/.*pip install.*/g) ?? [];
    expect(
      installs.map((line) => /(--no-deps --require-hashes -r \S+\/engine\/requirements\/)(.*)$/.exec(line)?.[2]),
    ).toEqual(['torch-cpu.txt', 'engine.txt']);
  });

  it('that was left unfinished is made anew', async () => {
    installer('/engine.txt', 'ERROR: killed');
    await expect(ensurePython()).rejects.toMatchObject({ kind: 'transient' });
    installer();
    const { python } = await ensurePython();
    expect(existsSync(python)).toBe(true);
    expect(told().match(/-m venv/g)).toHaveLength(2);
  });

  it('takes the CPU build of torch from PyTorch where no configured source has it', async () => {
    const fromConfiguredSources = `--no-compile --no-deps --require-hashes -r ${join(root, 'engine/requirements/torch-cpu.txt')}`;
    installer(fromConfiguredSources, 'ERROR: No matching distribution found for torch==2.13.0+cpu');
    await ensurePython();
    expect(told()).toMatch(/--index-url https:\/\/download.pytorch.org\/whl\/cpu --no-deps .*torch-cpu.txt\n/);
  });

  it('takes the GPU build from PyPI where PyTorch cannot be reached either, and says so', async () => {
    installer('torch-cpu.txt', 'ERROR: No matching distribution found for torch==2.13.0+cpu');
    const messages: string[] = [];
    await ensurePython({ onProgress: (message) => messages.push(message) });
    expect(told()).toMatch(/--require-hashes -r .*\/torch.txt\n/);
    expect(messages.join('\n')).toMatch(/GPU build, about 5 GB on disk, because download.pytorch.org has no CPU build/);
  });
});

describe('what pip says', () => {
  it.each([
    ['Collecting regex>=2025.10.22 (from transformers)', 'looking up regex>=2025.10.22'],
    ['  Downloading torch-2.13.0%2Bcpu-cp311-cp311-linux_x86_64.whl (184.3 MB)', 'downloading torch, 184.3 MB'],
    ['Installing collected packages: a, b, c', 'unpacking 3 packages'],
    ['Requirement already satisfied: numpy', undefined],
  ])('%s', (line, summary) => {
    expect(summaryOf(line)).toBe(summary);
  });

  it.each([
    ['OSError: [Errno 28] No space left on device', 'transient', 'the disk is full'],
    ['NewConnectionError: Failed to establish a new connection: [Errno -3]', 'missing', 'cannot be reached'],
    ['ERROR: THESE PACKAGES DO NOT MATCH THE HASHES', 'damaged', 'is not the one that was locked'],
    ['ERROR: something else', 'transient', 'ended with exit code 1: ERROR: something else'],
  ])('%s', (line, kind, message) => {
    expect(problemOf('installing', [line], 'exit code 1', '/log')).toMatchObject({
      kind,
      message: expect.stringContaining(message),
    });
  });
});
