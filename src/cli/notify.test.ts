import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWorkspace, type Workspace } from '../store/workspace';
import { openNotifier } from './notify';
import type { RunSnapshot, Snapshot } from './snapshot';

let workspace: Workspace;
let server: Server;
let received: { text: string; event: string; run: string }[];
let refusals: number;

beforeEach(async () => {
  workspace = await openWorkspace(await mkdtemp(join(tmpdir(), 'tutelage-notify-')));
  received = [];
  refusals = 0;
  server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) {
      body += part;
    }
    refusals -= 1;
    if (refusals < 0) {
      received.push(JSON.parse(body));
    }
    response.writeHead(refusals < 0 ? 200 : 503).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => void server.close());

const open = (environment: NodeJS.ProcessEnv = {}, limits: { postMsMax?: number; closeMsMax?: number } = {}) => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/a-secret-path`;
  return openNotifier({
    ...{ workspace, name: 'demo', urlEnv: 'HOOK', pausesMs: [1, 1] },
    environment: { HOOK: url, http_proxy: 'http://127.0.0.1:9', ...environment },
    ...limits,
  });
};

const looking = (state: RunSnapshot['state'], more: Partial<RunSnapshot> = {}) =>
  ({
    runs: [
      { run: 'demo', state, failure: null, waitingFor: null, rowsAccepted: 5, rowsPlanned: 10, accuracy: 0.5, ...more },
    ],
    teacher: { usd: 1.25 },
  }) as unknown as Snapshot;

const recorded = () =>
  readFileSync(join(workspace.runDirectory('demo'), 'notifications.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

it('what a run waits for and its end are posted once each, with a text for chat', async () => {
  const notifier = open();
  notifier.see(looking('running'));
  notifier.see(looking('waiting', { waitingFor: 'a key' }));
  notifier.see(looking('waiting', { waitingFor: 'a key' }));
  notifier.see(looking('complete'));
  await notifier.close();
  expect(received.map(({ text }) => text).sort()).toEqual([
    'demo is complete: 5 of 10 rows, accuracy 0.500, $1.25 in all',
    'demo is waiting (a key): 5 of 10 rows, accuracy 0.500, $1.25 in all',
  ]);
});

it('what was so before is no news, and a failure is', async () => {
  const notifier = open();
  notifier.see(looking('complete'));
  notifier.failed('demo', 'the disk is full');
  await notifier.close();
  expect(received).toMatchObject([{ event: 'failed', text: 'demo failed: the disk is full' }]);
});

it('a refused post is tried again, and what came of it is recorded without the address', async () => {
  refusals = 1;
  const notifier = open();
  notifier.failed('demo', 'x');
  await notifier.close();
  expect(received).toHaveLength(1);
  expect(recorded()).toMatchObject([{ event: 'failed', attempts: 2, outcome: 'sent' }]);
  expect(JSON.stringify(recorded())).not.toContain('a-secret-path');
});

it('an endpoint that never takes it is given up, and keeps nobody waiting', async () => {
  refusals = 100;
  const notifier = open();
  notifier.failed('demo', 'x');
  await notifier.close();
  expect(recorded()).toMatchObject([{ attempts: 3, outcome: 'HTTP 503' }]);
});

it('a receiver that is down keeps nobody waiting, and is recorded as such', async () => {
  const notifier = open();
  await new Promise((resolve) => server.close(resolve));
  notifier.see(looking('running'));
  notifier.see(looking('complete'));
  await notifier.close();
  expect(recorded()).toMatchObject([
    { event: 'complete', attempts: 3, outcome: expect.stringMatching(/fetch failed/) },
  ]);
});

it('a receiver that never answers holds up neither the run nor its end', async () => {
  server.removeAllListeners('request');
  const notifier = open({}, { postMsMax: 100, closeMsMax: 5000 });
  const startedMs = performance.now();
  notifier.see(looking('running'));
  notifier.see(looking('complete'));
  expect(performance.now() - startedMs).toBeLessThan(90);
  await notifier.close();
  expect(recorded()).toMatchObject([{ event: 'complete', attempts: 3, outcome: expect.stringMatching(/timeout/) }]);
  server.closeAllConnections();
});

it('a variable without an address is told before anything starts', () => {
  expect(() => open({ HOOK: '' })).toThrow(/HOOK is not set/);
  expect(() => open({ HOOK: 'file:///etc/passwd' })).toThrow(/holds no http\(s\) address/);
});
