import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { folderWith, startCli } from '../support/cli';
import { killTree, until } from '../support/processes';

/** What another user of the machine, or a web page, can do to a run: the attacks of a shell without rights. */

jest.setTimeout(300_000);

const root = join(__dirname, '..', '..');
const holdAt = join(root, 'test', 'support', 'hold-at.cjs');
const NOBODY = '65534';
const secret = 'the-secret-of-something-else';

const config = `
name: guarded
task: {kind: operator-chains, pool_size: 120, test_size: 24}
teacher: {provider: offline}
student:
  base: tiny
  warm_up: {rows: 40, steps: 5}
  max_new_tokens: 4
  finetune: {method: full, epochs: 1, batch_size: 32, learning_rate: 3e-3}
iterations: 1
samples_per_iteration: 20
`;

/** Starts a forged run through gRPC and through HTTP, and tries to read the workspace; prints what it got. */
const ATTACK = `
const { readFileSync } = require('node:fs');
const { Client, Connection } = require('@temporalio/client');
const { ADDRESS, PLAN, PORTS, FILES } = process.env;
(async () => {
  const got = { uid: process.getuid() };
  const connection = await Connection.connect({ address: ADDRESS });
  const client = new Client({ connection });
  const start = (workflowId, args) =>
    client.workflow.start('run', { workflowId, taskQueue: 'tutelage-loop', args, workflowTaskTimeout: '5 s' });
  await start('forged', [JSON.parse(PLAN)]);
  await start('forged/nothing', []);
  got.http = await Promise.all(PORTS.split(',').map(async (port) => {
    const url = 'http://127.0.0.1:' + port + '/api/v1/namespaces/default/workflows/forged-by-page';
    const body = JSON.stringify({ workflowType: { name: 'run' }, taskQueue: { name: 'tutelage-loop' } });
    const headers = { 'content-type': 'text/plain', origin: 'https://page.example' };
    return fetch(url, { method: 'POST', body, headers, signal: AbortSignal.timeout(5000) }).then(
      ({ status }) => status, () => 'closed');
  }));
  got.files = FILES.split(',').map((file) => { try { readFileSync(file); return 'read'; } catch (e) { return e.code; } });
  await connection.close();
  console.log(JSON.stringify(got));
})();`;

describe('another user of the machine', () => {
  let folder: Awaited<ReturnType<typeof folderWith>>;
  let gates: string;
  let running: ReturnType<typeof startCli>;
  const received: string[] = [];
  const ear = createServer((request, response) => {
    received.push(`${request.url} ${JSON.stringify(request.headers)}`);
    response.end('{}');
  });

  beforeAll(async () => {
    await new Promise<void>((resolve) => ear.listen(0, '127.0.0.1', resolve));
    folder = await folderWith(config);
    gates = join(dirname(folder.file), 'gates');
    mkdirSync(gates);
    const environment = {
      ...{ HOLD_AT: 'guarded:generate', HOLD_IN: gates },
      // What an attacker would like to have: a key that a teacher may have, and one that none may.
      ...{ OTHER_API_KEY: secret, AWS_SECRET_ACCESS_KEY: secret },
    };
    running = startCli(['run', folder.file], { ...folder, preload: [holdAt], environment });
    await until(() => existsSync(join(gates, 'guarded', 'generate.reached')), 200_000);
  });
  afterAll(() => {
    killTree(running.pid);
    ear.close();
  });

  it('gets no secret, starts nothing, reads nothing, and the run ends as if nobody had tried', async () => {
    const { workspace } = folder;
    const { address, pid } = JSON.parse(readFileSync(join(workspace, 'server.json'), 'utf8'));
    const plan = JSON.parse(readFileSync(join(workspace, 'runs', 'guarded', 'plan.json'), 'utf8'));
    const own = `http://127.0.0.1:${(ear.address() as AddressInfo).port}/v1`;
    const forged = ['OTHER_API_KEY', 'AWS_SECRET_ACCESS_KEY'].map((api_key_env) => ({
      ...plan,
      run: 'forged',
      config: { ...plan.config, teacher: { ...plan.config.teacher, provider: 'openai', base_url: own, api_key_env } },
    }));
    const files = ['payload.key', 'ledger.db', 'temporal.db', 'runs/guarded/plan.json', 'server.json'];
    const ports = portsOf(pid).filter((port) => port !== address.split(':')[1]);
    expect(ports).not.toEqual([]);
    const attack = spawnSync(
      'setpriv',
      ['--reuid', NOBODY, '--regid', NOBODY, '--clear-groups', process.execPath, '-e', ATTACK],
      {
        cwd: root,
        encoding: 'utf8',
        env: {
          PATH: process.env.PATH,
          ...{ ADDRESS: address, PLAN: JSON.stringify(forged[0]), PORTS: ports.join(',') },
          FILES: files.map((file) => join(workspace, file)).join(','),
        },
      },
    );
    expect(attack.stderr).toBe('');
    const got = JSON.parse(attack.stdout);
    expect(got).toEqual({
      uid: Number(NOBODY),
      http: ports.map(() => expect.anything()),
      files: files.map(() => 'EACCES'),
    });
    expect(got.http.filter((status: unknown) => typeof status === 'number' && status < 400)).toEqual([]);

    writeFileSync(join(gates, 'guarded', 'generate.open'), '');
    expect(await running.ended).toMatchObject({ exitCode: 0 });
    expect(received).toEqual([]);
    expect(readdirSync(join(workspace, 'runs'))).toEqual(['guarded']);
  });
});

/** The TCP ports that a process listens on. */
function portsOf(pid: number): string[] {
  const { stdout } = spawnSync('ss', ['-ltnpH'], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .filter((line) => line.includes(`pid=${pid},`))
    .flatMap((line) => /[:\]](\d+)\s/.exec(line.split(/\s+/)[3]?.concat(' ') ?? '')?.[1] ?? []);
}
