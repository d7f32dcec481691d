import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, Connection } from '@temporalio/client';
import { backUp } from '../../src/store/backup';
import { readJsonFile, workspaceAt } from '../../src/store/workspace';
import { openOwnWorkspace } from '../../src/store/workspace-identity';
import { openTemporal } from '../../src/temporal/open-temporal';
import { type ServerRecord, serverRecordFile } from '../../src/temporal/server-record';
import { enginePython } from '../support/paths';
import { expectNothingLeftOf, killTree, processesOf, until } from '../support/processes';

const binDirectory = dirname(enginePython());
jest.setTimeout(60_000);

let workspace: string;
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'tutelage-temporal-'));
});
afterEach(async () => {
  await expectNothingLeftOf(workspace);
  rmSync(workspace, { recursive: true });
});

const open = (onNotice?: (message: string) => void) =>
  openTemporal({ workspace, pythonBinDirectory: binDirectory, ...(onNotice ? { onNotice } : {}) });
const record = () => readJsonFile<ServerRecord>(serverRecordFile(workspace));

async function retentionSeconds(address: string): Promise<number> {
  const connection = await Connection.connect({ address });
  const { config } = await connection.workflowService.describeNamespace({ namespace: 'default' });
  await connection.close();
  return Number(config?.workflowExecutionRetentionTtl?.seconds);
}

/** Another process that opens the same workspace and says so. */
async function openElsewhere(): Promise<ChildProcess> {
  const script = `
    require('./src/temporal/open-temporal').openTemporal({
      workspace: process.argv[1], pythonBinDirectory: process.argv[2], onNotice: console.log,
    }).then((temporal) => {
      console.log('open');
      setInterval(() => {}, 1000);
      process.on('SIGTERM', () => temporal.close().then(() => process.exit(0)));
    });`;
  const child = spawn(process.execPath, ['--import', 'tsx', '-e', script, workspace, binDirectory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(createInterface(child.stdout), 'line');
  return child;
}

it('answers, keeps closed workflows for 30 days, and is gone after close', async () => {
  const temporal = await open();
  expect(temporal.isEmbedded).toBe(true);
  expect(await retentionSeconds(temporal.address)).toBe(30 * 24 * 3600);
  await temporal.close();
  expect(processesOf(workspace)).toEqual([]);
});

it('is reached directly, whatever proxy the environment names', async () => {
  const before = process.env.https_proxy;
  process.env.https_proxy = 'http://127.0.0.1:9';
  try {
    const temporal = await open();
    await temporal.close();
  } finally {
    process.env.https_proxy = before ?? '';
  }
});

it('is shared by two users and ends with the last', async () => {
  const [first, second] = await Promise.all([open(), open()]);
  expect(second.address).toBe(first.address);
  await first.close();
  expect(await retentionSeconds(second.address)).toBeGreaterThan(0);
  await second.close();
  expect(processesOf(workspace)).toEqual([]);
});

it('ends when its only user is killed', async () => {
  const other = await openElsewhere();
  expect(processesOf(workspace).length).toBeGreaterThanOrEqual(3);
  other.kill('SIGKILL');
  await expectNothingLeftOf(workspace);
});

it('stays for the others when the user that started it is killed', async () => {
  const other = await openElsewhere();
  const temporal = await open();
  const before = await record();
  other.kill('SIGKILL');
  await once(other, 'exit');
  expect(await retentionSeconds(temporal.address)).toBeGreaterThan(0);
  expect(await record()).toEqual(before);
  await temporal.close();
});

it('is started again on the same port, once, when it is killed under two users', async () => {
  const notices: string[] = [];
  const first = await open((message) => notices.push(message));
  const second = await open((message) => notices.push(message));
  const before = await record();
  process.kill(before?.pid ?? 0, 'SIGKILL');
  await until(() => notices.length === 2);
  const after = await record();
  expect(after?.pid).not.toBe(before?.pid);
  expect(after?.address).toBe(before?.address);
  expect(await retentionSeconds(second.address)).toBeGreaterThan(0);
  await first.close();
  await second.close();
});

it('a copy of a workspace in use has a server of its own, and leaves that of the original alone', async () => {
  const original = await open();
  const before = await record();
  const copy = `${workspace}-copy`;
  execFileSync('cp', ['-a', workspace, copy]);
  await openOwnWorkspace(copy);
  const other = await openTemporal({ workspace: copy, pythonBinDirectory: binDirectory });
  expect(other.address).not.toBe(original.address);
  expect(await retentionSeconds(other.address)).toBeGreaterThan(0);
  await other.close();
  expect(await record()).toEqual(before);
  expect(await retentionSeconds(original.address)).toBeGreaterThan(0);
  await original.close();
  rmSync(copy, { recursive: true });
});

it('is in a backup of a workspace in use, with what it knew, and serves the copy', async () => {
  const original = await open();
  const started = Date.now();
  const connection = await Connection.connect({ address: original.address });
  const { workflow } = new Client({ connection });
  // Nobody serves its queue: it stays as it was started.
  await workflow.start('run', { taskQueue: 'nobody', workflowId: 'kept' });
  mkdirSync(join(workspace, 'runs'), { recursive: true });
  const copy = `${workspace}-copy`;
  await backUp(workspaceAt(workspace), copy);
  await workflow.start('run', { taskQueue: 'nobody', workflowId: 'later' });
  await openOwnWorkspace(copy);
  const other = await openTemporal({ workspace: copy, pythonBinDirectory: binDirectory });
  const copied = await Connection.connect({ address: other.address });
  const handle = new Client({ connection: copied }).workflow.getHandle('kept');
  const { status, startTime } = await handle.describe();
  expect({ status: status.name, isNew: startTime.getTime() >= started - 1000 }).toEqual({
    status: 'RUNNING',
    isNew: true,
  });
  await expect(new Client({ connection: copied }).workflow.getHandle('later').describe()).rejects.toThrow(/not found/i);
  expect(await retentionSeconds(original.address)).toBeGreaterThan(0);
  await copied.close();
  await other.close();
  await connection.close();
  await original.close();
  rmSync(copy, { recursive: true });
});

it('gets a Web UI while it is used, and its users continue', async () => {
  const notices: string[] = [];
  const user = await open((message) => notices.push(message));
  expect(user.webUi).toBeNull();
  const viewer = await openTemporal({ workspace, pythonBinDirectory: binDirectory, withWebUi: true });
  const page = await fetch(`${viewer.webUi?.url}/namespaces/default/workflows`);
  expect(page.status).toBe(200);
  await until(() => notices.length === 1);
  expect(viewer.address).toBe(user.address);
  await viewer.close();
  expect(await retentionSeconds(user.address)).toBeGreaterThan(0);
  await user.close();
});

it('opens at once after the whole tree was killed, on the same database', async () => {
  const other = await openElsewhere();
  killTree(other.pid ?? 0);
  const temporal = await open();
  expect(await retentionSeconds(temporal.address)).toBeGreaterThan(0);
  await temporal.close();
});

it('says which file is damaged', async () => {
  writeFileSync(join(workspace, 'temporal.db'), 'not a database '.repeat(1000));
  await expect(open()).rejects.toMatchObject({ kind: 'damaged', message: expect.stringContaining('temporal.db') });
});

it('starts with a database file that is empty, as a full disk leaves it', async () => {
  writeFileSync(join(workspace, 'temporal.db'), '');
  await (await open()).close();
});

it('says where a missing server was looked for', async () => {
  const path = process.env.PATH;
  process.env.PATH = '/nowhere';
  try {
    await expect(openTemporal({ workspace })).rejects.toMatchObject({
      kind: 'missing',
      hint: expect.stringContaining('TEMPORAL_ADDRESS'),
    });
  } finally {
    process.env.PATH = path;
  }
});
