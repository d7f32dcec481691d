import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { folderWith, runCli, startCli } from '../support/cli';
import { startMisbehavingTeacher } from '../support/misbehaving-teacher';
import { type Postgres, startPostgres } from '../support/postgres';
import { expectNothingLeftOf, until } from '../support/processes';
import { teacherConfig, teacherEnvironment } from '../support/teacher-config';

/** The command line with its ledger on PostgreSQL: a run, and every verb that reads what was bought. */
let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(() => postgres.stop());

test('a run continues through a restart of PostgreSQL, and status, audit, fork, report and export read the same ledger', async () => {
  let received = 0;
  const teacher = await startMisbehavingTeacher({
    delayMs: 20,
    onReceived: (count) => {
      received = count;
    },
  });
  const { file, workspace } = await folderWith(teacherConfig(teacher.baseUrl, { rows: 40 }));
  const environment = {
    ...teacherEnvironment,
    TUTELAGE_LEDGER: await postgres.createDatabase(),
    PGPASSWORD: postgres.password,
  };
  const options = { workspace, environment };
  const run = startCli(['run', file], options);
  await until(() => received > 20, 120_000);
  await postgres.restart();
  const { exitCode, stderr, stdout } = await run.ended;
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(existsSync(join(workspace, 'ledger.db'))).toBe(false);
  expect(received).toBe(160);

  const outputs = [stdout, stderr];
  for (const args of [
    ['status'],
    ['audit', 'bought'],
    ['fork', 'bought', '--after', '1', '--name', 'forked'],
    ['status', 'forked'],
    ['report', 'bought'],
    ['export', 'bought', '--out', join(workspace, 'exported')],
  ]) {
    const result = await runCli(args, options);
    expect({
      args,
      exitCode: result.exitCode,
      stderr: result.exitCode === 0 ? '' : result.stderr + result.stdout,
    }).toEqual({ args, exitCode: 0, stderr: '' });
    outputs.push(result.stdout, result.stderr);
  }
  expect(outputs.join('\n')).not.toContain(postgres.password);
  await teacher.close();
  await expectNothingLeftOf(workspace);
}, 240_000);

test('a command says that the database does not answer, with exit code 4', async () => {
  const { workspace } = await folderWith('');
  const environment = { TUTELAGE_LEDGER: 'postgres://tutelage:a-password-in-it@127.0.0.1:1/ledger' };
  const { exitCode, stderr } = await runCli(['status'], { workspace, environment });
  expect(exitCode).toBe(4);
  expect(stderr).toContain('PostgreSQL at 127.0.0.1:1, database ledger does not answer');
  expect(stderr).not.toContain('a-password-in-it');
});
