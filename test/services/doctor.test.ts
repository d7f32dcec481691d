import { jsonEvents } from '../../src/cli/json-events';
import { folderWith, runCli } from '../support/cli';
import { type Postgres, startPostgres } from '../support/postgres';
import { type S3Server, s3SecretMarker, startS3Server } from '../support/s3-server';
import { smallConfig } from '../support/small-config';

jest.setTimeout(300_000);

let postgres: Postgres;
let s3: S3Server;
let folder: Awaited<ReturnType<typeof folderWith>>;
let environment: Record<string, string>;

beforeAll(async () => {
  postgres = await startPostgres();
  s3 = await startS3Server();
  await s3.makeBucket('runs');
  folder = await folderWith(smallConfig);
  environment = {
    ...s3.env,
    ...{ TUTELAGE_LEDGER: await postgres.createDatabase(), PGPASSWORD: postgres.password },
    TUTELAGE_ARTIFACTS: 's3://runs/lab',
  };
});
afterAll(async () => {
  await s3.stop();
  await postgres.stop();
});

/** What the doctor says of the shared places, and the shell's part of it. */
async function doctor(change: Record<string, string> = {}) {
  const options = { workspace: folder.workspace, environment: { ...environment, ...change } };
  const { stdout, exitCode } = await runCli(['doctor', '--json'], options);
  for (const secret of [postgres.password, s3SecretMarker]) {
    expect(stdout).not.toContain(secret);
  }
  const checks = stdout
    .trim()
    .split('\n')
    .map((line) => jsonEvents.checked.parse(JSON.parse(line)));
  const of = (name: string) => checks.find(({ check }) => check === name);
  return { exitCode, ledger: of('ledger'), artifacts: of('artifacts') };
}

it('the doctor looks at a shared ledger and a bucket, where they answer and where they do not', async () => {
  const preview = await runCli(['preview', folder.file, '-n', '3'], { workspace: folder.workspace, environment });
  expect(preview).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('3 of 3 rows would be accepted') });

  expect(await doctor()).toEqual({
    exitCode: 0,
    ledger: expect.objectContaining({ ok: true, detail: expect.stringContaining('every account adds up') }),
    artifacts: expect.objectContaining({ ok: true, detail: expect.stringContaining('/runs answers') }),
  });

  expect(await doctor({ TUTELAGE_ARTIFACTS: 's3://absent' })).toMatchObject({
    exitCode: 4,
    artifacts: { ok: false, detail: expect.stringContaining('the bucket does not exist'), fix: expect.any(String) },
  });

  await postgres.down();
  expect(await doctor()).toMatchObject({
    exitCode: 4,
    ledger: { ok: false, detail: expect.stringContaining('does not answer'), fix: expect.any(String) },
  });
});
