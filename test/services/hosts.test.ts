import { execFileSync } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { markerKey } from '../support/buying';
import { runCli } from '../support/cli';
import { type Cluster, startCluster } from '../support/cluster';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy';
import { type Hosts, makeHosts, type Started } from '../support/hosts';
import { type LedgerCall, mostCommitted } from '../support/ledger-history';
import { readLog } from '../support/misbehaving-teacher';
import { outcomeOf } from '../support/outcome';
import { cliProgram } from '../support/paths';
import { type Postgres, startPostgres } from '../support/postgres';
import { killTree, until } from '../support/processes';
import { hasLogged } from '../support/run-log';
import { type S3Server, s3SecretMarker, startS3Server } from '../support/s3-server';
import { startTeacherProcess, type TeacherProcess } from '../support/teacher-process';

/**
 * A laboratory of several machines: the services and the loop on one, a teacher's worker, two students' workers, each in a
 * network of its own with a workspace of its own. What happens to them during one run is all that the run has to stand.
 */
jest.setTimeout(1_200_000);

const caps = { samples: 250, tokens: 2_000_000, usd: 0.5 };
const configOf = (baseUrl: string) => `
name: lab
task: {kind: operator-chains, pool_size: 300, test_size: 60}
teacher:
  provider: openai
  model: double
  base_url: ${baseUrl}
  api_key_env: TEST_KEY
  max_tokens: 128
  price: {input: 0.15, output: 0.6}
  max_parallel_requests: 8
student:
  base: tiny
  warm_up: {rows: 100, steps: 20}
  max_new_tokens: 8
  shard_rows: 100
  finetune: {method: full, include_base_rows: true, epochs: 40, batch_size: 32, learning_rate: 3e-3, beta2: 0.98}
strategy: loss
iterations: 5
samples_per_iteration: 50
budget: ${JSON.stringify(caps)}
seed: 1
`;

let folder: string;
let hosts: Hosts;
let services: { cluster: Cluster; postgres: Postgres; s3: S3Server; proxy: FaultProxy; teacher: TeacherProcess };
let where: Record<string, string>;
let teacherLog: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutelage-lab-'));
  hosts = makeHosts(['services', 'teacher', 'student-a', 'student-b']);
  process.stdout.write(`several machines, tried as ${hosts.kind}\n`);
  const { address: host, within } = hosts.host.services as Hosts['host'][string];
  teacherLog = join(folder, 'teacher.jsonl');
  const [cluster, postgres, s3] = await Promise.all([
    startCluster({ host, within }),
    startPostgres({ host, within }),
    startS3Server({ host, wrap: within }),
  ]);
  await s3.makeBucket('lab');
  const proxy = await startFaultProxy(s3.endpoint, { host: hosts.address });
  const teacher = await startTeacherProcess({ host: hosts.address, delayMs: 300, log: teacherLog });
  services = { cluster, postgres, s3, proxy, teacher };
  where = {
    ...s3.env,
    AWS_ENDPOINT_URL_S3: proxy.endpoint,
    TUTELAGE_ARTIFACTS: 's3://lab/artifacts',
    TUTELAGE_LEDGER: await postgres.createDatabase(),
    PGPASSWORD: postgres.password,
    TEMPORAL_ADDRESS: cluster.address,
  };
});

afterAll(async () => {
  const { cluster, postgres, s3, proxy, teacher } = services;
  await hosts.remove();
  teacher.stop();
  await Promise.all([proxy.close(), s3.stop(), cluster.stop(), postgres.stop()]);
});

it('a run on several machines that die, are cut off and lose their services ends as it would alone on one, and leaves no secret behind', async () => {
  const { host } = hosts;
  const file = join(folder, 'lab.yaml');
  await writeFile(file, configOf(services.teacher.baseUrl));
  const workspaceOf = (name: string) => join(folder, name);
  const start = (name: string, args: string[], more: Record<string, string> = {}) =>
    (host[name] as Hosts['host'][string]).start([process.execPath, cliProgram, ...args], {
      ...where,
      TUTELAGE_HOME: workspaceOf(name),
      ...more,
    });
  const teacher = () => start('teacher', ['worker', '--queues', 'teacher'], { TEST_KEY: markerKey });
  const student = (name: string) => start(name, ['worker', '--queues', 'student']);
  const startLoop = () => start('services', ['run', file, '--queues', 'loop', '--yes']);
  const reaches = (names: string[], step: string, iteration: number, message = 'start') =>
    until(() => names.some((name) => hasLogged(workspaceOf(name), 'lab', { step, iteration, message })), 240_000).catch(
      (error: Error) => {
        throw new Error(`${step} ${iteration} ${message} on ${names.join(', ')}: ${error.message}\n${hosts.said()}`);
      },
    );

  teacher();
  student('student-a');
  student('student-b');
  let run: Started = startLoop();
  const students = ['student-a', 'student-b'];

  // Two students' machines share the parts of one step.
  for (const name of students) {
    await reaches([name], 'predict', 1);
  }

  await reaches(['teacher'], 'generate', 2);
  await delay(600);
  await host.teacher?.kill();
  teacher();

  await reaches(students, 'finetune', 3);
  const training = students.find((name) =>
    hasLogged(workspaceOf(name), 'lab', { step: 'finetune', iteration: 3 }),
  ) as string;
  await delay(2500);
  await host[training]?.kill();
  await reaches(students, 'finetune', 3, 'end');
  student(training);

  await reaches(['teacher'], 'generate', 4);
  await delay(600);
  host.teacher?.cut();
  await delay(60_000);
  host.teacher?.reconnect();

  await reaches(['teacher'], 'generate', 5);
  await delay(400);
  await services.postgres.down();
  await delay(5000);
  await services.postgres.up();

  await reaches(students, 'finetune', 5);
  services.proxy.behave(() => ({ status: 503, code: 'SlowDown' }));
  await delay(15_000);
  services.proxy.behave(() => null);

  await reaches(students, 'evaluate', 5);
  killTree(run.pid);
  await run.ended;
  run = startLoop();
  expect({ exitCode: await run.ended, said: run.output() }).toMatchObject({ exitCode: 0 });

  // Before the run alone asks the same teacher for the same.
  const received = readLog(teacherLog).filter(({ event }) => event === 'received');
  const alone = { workspace: workspaceOf('alone'), environment: { TEST_KEY: markerKey } };
  expect(await runCli(['run', file], alone)).toMatchObject({ exitCode: 0 });
  expect(await outcomeOf(workspaceOf('services'), 'lab')).toEqual(await outcomeOf(alone.workspace, 'lab'));

  const calls = (await services.postgres.query(
    'select * from tutelage.calls',
    where.TUTELAGE_LEDGER,
  )) as unknown as LedgerCall[];
  expectCapsHeld(calls.map(withNumbers));
  expectNothingPaidTwice(
    calls,
    received.map(({ request }) => request),
  );

  const audit = start('services', ['audit', 'lab']);
  expect({ exitCode: await audit.ended, said: audit.output() }).toMatchObject({ exitCode: 0 });
  await expectNoSecrets();
});

/** Neither in the ledger nor in a workspace. */
async function expectNoSecrets(): Promise<void> {
  const secrets = [markerKey, s3SecretMarker, services.postgres.password];
  const tables = await services.postgres.query(
    "select table_name from information_schema.tables where table_schema = 'tutelage'",
    where.TUTELAGE_LEDGER,
  );
  for (const { table_name } of tables) {
    const rows = await services.postgres.query(`select * from tutelage.${table_name}`, where.TUTELAGE_LEDGER);
    expect(secrets.filter((secret) => JSON.stringify(rows).includes(secret))).toEqual([]);
  }
  for (const secret of secrets) {
    const found = execFileSync('sh', ['-c', 'grep -rlF -- "$0" services teacher student-a student-b || true', secret], {
      cwd: folder,
    });
    expect(found.toString()).toBe('');
  }
}

/** The database's driver gives what may be large as text. */
const withNumbers = (call: LedgerCall): LedgerCall =>
  Object.fromEntries(
    Object.entries(call).map(([key, value]) => [
      key,
      typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value,
    ]),
  ) as unknown as LedgerCall;

function expectCapsHeld(calls: readonly LedgerCall[]): void {
  const most = mostCommitted(calls);
  expect(most.samples).toBeLessThanOrEqual(caps.samples);
  expect(most.tokens).toBeLessThanOrEqual(caps.tokens);
  expect(most.nanoUsd).toBeLessThanOrEqual(caps.usd * 1e9);
}

/** A request comes to the teacher again only where the ledger says that an earlier one was lost. */
function expectNothingPaidTwice(calls: readonly LedgerCall[], received: readonly string[]): void {
  const settled = calls.filter(({ state, shared_from }) => state === 'settled' && shared_from === null);
  expect(new Set(settled.map(({ request_hash }) => request_hash)).size).toBe(settled.length);
  const again = received.length - new Set(received).size;
  const lost = calls.filter(({ state }) => state === 'unknown').length;
  expect(again).toBeLessThanOrEqual(lost);
  process.stdout.write(`${settled.length} settled, ${lost} unknown, ${again} received again\n`);
}
