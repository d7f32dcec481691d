import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Postgres, startPostgres } from '../support/postgres';
import { listProcesses, until } from '../support/processes';

/** The test server itself: what other tests build on. */
let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(() => postgres.stop());

test('each database is empty, and what was written is there after a restart', async () => {
  const [one, two] = [await postgres.createDatabase(), await postgres.createDatabase()];
  await postgres.query('create table kept (n integer)', one);
  await postgres.query('insert into kept values (7)', one);
  await postgres.restart();
  expect(await postgres.query('select n from kept', one)).toEqual([{ n: 7 }]);
  await expect(postgres.query('select n from kept', two)).rejects.toThrow('does not exist');
});

test('it ends with the process that started it, killed or not', async () => {
  const script = `require('${join(__dirname, '../support/postgres.ts')}').startPostgres().then(({port}) => console.log(port))`;
  const parent = spawn(process.execPath, ['--import', 'tsx', '-e', `${script}; setInterval(() => {}, 1000)`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<string>((resolve) =>
    parent.stdout.once('data', (data) => resolve(String(data).trim())),
  );
  const servers = () => listProcesses().filter(({ command }) => command.includes(`port=${port} `));
  expect(servers()).toHaveLength(1);
  parent.kill('SIGKILL');
  await until(() => servers().length === 0);
});
