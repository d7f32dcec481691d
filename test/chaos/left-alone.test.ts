import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { folderWith, runCli } from '../support/cli';
import { expectNothingLeftOf, until } from '../support/processes';
import { inTerminal } from '../support/terminal';

jest.setTimeout(300_000);

const config = `
name: small
task: {kind: operator-chains, pool_size: 40, test_size: 20}
teacher: {provider: offline}
student:
  base: tiny
  warm_up: {rows: 40, steps: 5}
  max_new_tokens: 8
  finetune: {method: full, epochs: 1, batch_size: 32}
strategy: random
iterations: 1
samples_per_iteration: 10
seed: 1
`;

const holdAt = join(__dirname, '..', 'support', 'hold-at.cjs');

/** A workspace whose run stops before its finetune until the test lets it continue. */
async function heldRun(text = config) {
  const { file, workspace } = await folderWith(text);
  const folder = join(workspace, '..', 'gates');
  mkdirSync(folder);
  const gate = join(folder, 'small', 'finetune');
  const environment = { NODE_OPTIONS: `--require ${holdAt}`, HOLD_AT: 'small:finetune', HOLD_IN: folder };
  return {
    ...{ file, workspace, environment },
    reached: () => until(() => existsSync(`${gate}.reached`), 120_000),
    open: () => writeFileSync(`${gate}.open`, ''),
    state: async () => {
      const { stdout } = await runCli(['status', 'small', '--json'], { workspace });
      return JSON.parse(stdout).runs[0].state;
    },
  };
}

/** Refuses the first post, and takes its time with the others. */
async function startReceiver() {
  const received: { event: string; text: string }[] = [];
  let posts = 0;
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) {
      body += part;
    }
    posts += 1;
    if (posts === 1) {
      response.writeHead(500).end();
      return;
    }
    await delay(1500);
    received.push(JSON.parse(body));
    response.end('ok');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/a-secret-path`;
  return { url, received, close: () => server.close() };
}

it('a detached run outlives its terminal, is looked at, cannot be deleted, and tells of its end', async () => {
  const receiver = await startReceiver();
  const run = await heldRun(`${config}notify: {url_env: HOOK}\n`);
  const environment = { ...run.environment, HOOK: receiver.url };
  // A shell stays in the terminal when the command has returned.
  const shell = ['sh', '-c', '"$@"; exec sleep 120', 'sh'];
  const terminal = inTerminal(['run', run.file, '--detach'], { ...run, environment, within: shell });
  await until(() => terminal.drawn().includes('closing this terminal does not end it'), 120_000);
  terminal.hangUp();
  await terminal.ended;
  await run.reached();

  const view = inTerminal(['attach', 'small'], run);
  await until(() => view.drawn().includes('finetune'), 60_000);
  view.type('ctrl-c');
  expect(await view.ended).toBe(130);
  expect(view.drawn()).toContain('small continues');
  expect(await runCli(['delete', 'small', '--yes'], run)).toMatchObject({ exitCode: 1 });
  expect(await run.state()).toBe('running');

  run.open();
  expect(await runCli(['attach', 'small'], run)).toMatchObject({ exitCode: 0 });
  await expectNothingLeftOf(run.workspace, 60_000);
  receiver.close();
  const directory = join(run.workspace, 'runs', 'small');
  const recorded = readFileSync(join(directory, 'notifications.jsonl'), 'utf8');
  expect(receiver.received).toMatchObject([{ event: 'complete', text: expect.stringMatching(/^small is complete: 10 of 10/) }]); // biome-ignore format: a record
  expect(JSON.parse(recorded)).toMatchObject({ run: 'small', event: 'complete', attempts: 2, outcome: 'sent' });
  const log = readFileSync(join(run.workspace, 'logs', 'small.log'), 'utf8');
  expect(log).toContain('small: iteration 1 of 1 finished, 10 of 10 rows');
  expect(`${recorded}${log}`).not.toContain('a-secret-path');
});

it('a run whose terminal is closed is interrupted in order; under nohup it continues to its end', async () => {
  const run = await heldRun();
  const first = inTerminal(['run', run.file], run);
  await run.reached();
  first.hangUp();
  // Ended by SIGHUP, not by a crash.
  expect(await first.ended).toBe(256 - 1);
  await expectNothingLeftOf(run.workspace);
  expect(await run.state()).toBe('interrupted');

  const shell = ['sh', '-c', 'nohup "$@" & wait', 'sh'];
  const second = inTerminal(['run', run.file], { ...run, within: shell });
  await until(async () => (await run.state()) === 'running', 60_000);
  second.hangUp();
  await second.ended;
  run.open();
  await until(async () => (await run.state()) === 'complete', 60_000);
  await expectNothingLeftOf(run.workspace);
});
