import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { ensurePython } from '../../src/setup/python';
import { findTemporalBinary } from '../../src/temporal/find-binary';
import { makeCertificates, startTlsGateway } from '../support/certificates';
import { folderWith, runCli, startCli } from '../support/cli';
import { type Cluster, startCluster } from '../support/cluster';
import { outcomeOf } from '../support/outcome';
import { cliProgram } from '../support/paths';
import { killTree, until } from '../support/processes';
import { hasLogged } from '../support/run-log';
import { smallConfig } from '../support/small-config';

jest.setTimeout(240_000);

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(async () => {
  for (const { pid } of begun) {
    killTree(pid);
  }
  await cluster.stop();
});

const begun: ReturnType<typeof startCli>[] = [];

/** Ended here where its test did not come so far. */
function begin(...parameters: Parameters<typeof startCli>): ReturnType<typeof startCli> {
  const started = startCli(...parameters);
  begun.push(started);
  return started;
}

/** Task queues of its own for every test, as every installation on a shared cluster has. */
const within = (deployment: string, more: Record<string, string> = {}) => ({
  TEMPORAL_ADDRESS: cluster.address,
  TUTELAGE_DEPLOYMENT: deployment,
  ...more,
});

const serving = (worker: ReturnType<typeof startCli>) =>
  until(() => worker.output().stdout.includes('"event":"serving"'), 60_000);
const lines = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('a run whose steps are done by workers', () => {
  const run = { file: '', workspace: '' };
  let stderr = '';
  let first: ReturnType<typeof startCli>;
  const urls: Record<string, string> = {};
  let health: unknown;
  let metrics = '';

  beforeAll(async () => {
    Object.assign(run, await folderWith(smallConfig));
    const options = { workspace: run.workspace, environment: within('lab') };
    const follower = begin(['run', run.file, '--queues', 'loop'], options);
    await until(() => follower.output().stderr.includes('no worker serves'), 60_000);
    const worker = (queues: string) =>
      begin(['worker', '--queues', queues, '--listen', '127.0.0.1:0', '--json'], options);
    first = worker('teacher,student');
    await serving(first);
    urls.first = lines(first.output().stdout)[0]?.url as string;
    // In the middle of the run the machine is taken away; another takes over.
    await until(() => hasLogged(run.workspace, 'small', { step: 'predict', iteration: 1 }), 120_000);
    health = await (await fetch(`${urls.first}/health`)).json();
    process.kill(first.pid, 'SIGTERM');
    const second = worker('student,teacher');
    const ended = await follower.ended;
    stderr = ended.stderr;
    metrics = await (await fetch(`${lines(second.output().stdout)[0]?.url}/metrics`)).text();
    process.kill(second.pid, 'SIGTERM');
    expect([ended.exitCode, (await second.ended).exitCode]).toEqual([0, 0]);
  });

  it('says which queues no worker serves', () => {
    expect(stderr).toContain('no worker serves lab-teacher yet');
    expect(stderr).toContain('no worker serves lab-student yet');
  });

  it('is worked on by a worker that says what it serves and is healthy', () => {
    expect(lines(first.output().stdout)[0]).toMatchObject({
      taskQueues: ['lab-teacher', 'lab-student'],
      server: cluster.address,
      namespace: 'default',
      build: null,
    });
    expect(health).toMatchObject({ state: 'serving', taskQueues: ['lab-teacher', 'lab-student'] });
  });

  it('continues elsewhere when a worker drains, which exits with 0', async () => {
    expect(await first.ended).toMatchObject({ exitCode: 0 });
    expect(lines(first.output().stdout).map(({ event }) => event)).toEqual(['serving', 'draining', 'drained']);
    await expect(fetch(`${urls.first}/health`)).rejects.toThrow();
  });

  it('shows the figures of Temporal and of the ledger to Prometheus', () => {
    expect(metrics).toMatch(/^temporal_activity_execution_latency_count\{.*task_queue="lab-student".*\} \d+$/m);
    expect(Number(/^tutelage_bought_answers (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThanOrEqual(200);
    expect(metrics).toMatch(/^tutelage_calls_unknown 0$/m);
  });

  it('ends as a run that one process does alone', async () => {
    const alone = await folderWith(smallConfig);
    await runCli(['run', alone.file], { workspace: alone.workspace });
    expect(await outcomeOf(run.workspace, 'small')).toEqual(await outcomeOf(alone.workspace, 'small'));
  });
});

describe('a worker that cannot serve', () => {
  const check = async (args: string[], environment: Record<string, string>, exitCode: number, says: RegExp) => {
    const { workspace } = await folderWith('');
    const result = await runCli(['worker', ...args], { workspace, environment: { ...within('none'), ...environment } });
    expect(result).toMatchObject({ exitCode, stderr: expect.stringMatching(says) });
  };

  it('is told which queues there are', () => check(['--queues', 'gpu'], {}, 2, /some of loop, teacher, student/));
  it('is told that an address is not one', () => check(['--listen', 'nine'], {}, 2, /expected HOST:PORT/));
  it('is told that an address is in use', () =>
    check(['--queues', 'teacher', '--listen', cluster.address], {}, 2, /cannot be listened on.*EADDRINUSE/));
  it('is told of a profile that is not there', () => check([], { TEMPORAL_PROFILE: 'absent' }, 2, /absent/));
});

describe('a cluster that speaks TLS', () => {
  const certificates = makeCertificates();
  let gateway: Awaited<ReturnType<typeof startTlsGateway>>;
  beforeAll(async () => {
    gateway = await startTlsGateway(cluster.address, certificates);
  });
  afterAll(() => gateway.stop());

  const start = async (environment: Record<string, string>) => {
    const { workspace } = await folderWith('');
    return begin(['worker', '--queues', 'teacher', '--json'], {
      workspace,
      environment: { ...within('tls'), TEMPORAL_ADDRESS: gateway.address, ...environment },
    });
  };
  const trusting = (authority: string) => ({
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: authority,
    TEMPORAL_TLS_SERVER_NAME: 'temporal.test',
  });

  it('is reached with the authority that signed its certificate', async () => {
    const worker = await start(trusting(certificates.authority));
    await serving(worker);
    process.kill(worker.pid, 'SIGTERM');
    expect(await worker.ended).toMatchObject({ exitCode: 0 });
  });

  it('is refused where another authority signed it, or the name is another', async () => {
    for (const environment of [
      trusting(makeCertificates().authority),
      { ...trusting(certificates.authority), TEMPORAL_TLS_SERVER_NAME: 'other.test' },
    ]) {
      const { exitCode, stderr } = await (await start(environment)).ended;
      expect({ exitCode, stderr }).toEqual({
        exitCode: 4,
        stderr: expect.stringMatching(/TLS was refused.*certificate.*\nhint: TEMPORAL_TLS_SERVER_CA_CERT_PATH/),
      });
    }
  });

  it('is not reached without TLS', async () => {
    const { exitCode, stderr } = await (await start({})).ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 4, stderr: expect.stringContaining('TEMPORAL_TLS=true') });
  });
});

it('two builds side by side: a run ends on the build that began it, the next one begins on the new', async () => {
  const { workspace, file } = await folderWith(configNamed('old', 4));
  const nextFile = join(dirname(file), 'next.yaml');
  await writeFile(nextFile, configNamed('next', 2));
  // Iterations of build b take one step more than those of build a: neither replays the other's.
  const programs = { a: cliProgram, b: await buildWithAnotherStep() };
  const of = (build: 'a' | 'b') => ({
    workspace,
    environment: within('builds', { TUTELAGE_BUILD_ID: build }),
    program: programs[build],
  });

  const workers = (['a', 'b'] as const).map((build) => begin(['worker', '--json'], of(build)));
  await Promise.all(workers.map(serving));
  await makeCurrent('a');
  const old = begin(['run', file], of('a'));
  await until(() => hasLogged(workspace, 'old', { step: 'predict', iteration: 1 }), 120_000);
  await makeCurrent('b');
  expect(hasLogged(workspace, 'old', { step: 'predict', iteration: 4 })).toBe(false);
  expect(await old.ended).toMatchObject({ exitCode: 0 });
  expect(await runCli(['run', nextFile], of('b'))).toMatchObject({ exitCode: 0 });

  expect(await buildsOf('old', 4)).toEqual(Array(5).fill('a'));
  expect(await buildsOf('next', 2)).toEqual(Array(3).fill('b'));
  for (const { pid, ended } of workers) {
    process.kill(pid, 'SIGTERM');
    expect(await ended).toMatchObject({ exitCode: 0 });
  }
});

const configNamed = (name: string, iterations: number) =>
  smallConfig.replace('name: small', `name: ${name}`).replace('iterations: 2', `iterations: ${iterations}`);

/** The package as it is built, but for one step more in every iteration. */
async function buildWithAnotherStep(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tutelage-build-'));
  const root = join(dirname(cliProgram), '..', '..');
  await cp(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  for (const name of ['node_modules', 'engine', 'package.json']) {
    await symlink(join(root, name), join(folder, name));
  }
  const bundle = join(folder, 'dist', 'workflow-bundle.js');
  const text = await readFile(bundle, 'utf8');
  const careless = text.replace(
    'const { iteration } = input;',
    'await light.budgetMayBind({ ...input, rows: 1 });\n$&',
  );
  expect(careless).not.toEqual(text);
  await writeFile(bundle, careless);
  return join(folder, 'dist', 'cli', 'main.js');
}

/** What an operator does when the workers of a build are there. */
async function makeCurrent(build: string): Promise<void> {
  const { binDirectory } = await ensurePython();
  const version = ['--deployment-name', 'builds', '--build-id', build, '--yes', '--address', cluster.address];
  const temporal = await findTemporalBinary(binDirectory);
  // The server learns of a deployment from its pollers, a moment after they began.
  await until(() => spawnSync(temporal, ['worker', 'deployment', 'set-current-version', ...version]).status === 0);
}

/** The builds that did the run's workflow and those of its iterations. */
async function buildsOf(run: string, iterations: number): Promise<(string | null | undefined)[]> {
  const workflowIds = [run, ...Array.from({ length: iterations }, (_, index) => `${run}/iter-${index + 1}`)];
  const connection = await Connection.connect({ address: cluster.address });
  const client = new Client({ connection });
  const descriptions = await Promise.all(workflowIds.map((id) => client.workflow.getHandle(id).describe()));
  await connection.close();
  return descriptions.map(({ raw }) => raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId);
}
