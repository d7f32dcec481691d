import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openWorkspace, type Workspace } from '../store/workspace';
import { detach, detachedLog } from './detach';
import { isRunning } from './run-lock';

let workspace: Workspace;
let printed: string;
beforeEach(async () => {
  workspace = await openWorkspace(mkdtempSync(join(tmpdir(), 'tutelage-detach-')));
  printed = '';
  for (const stream of [process.stdout, process.stderr]) {
    jest.spyOn(stream, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
  }
});
afterEach(() => jest.restoreAllMocks());

/** A process that takes the run's lock as `run` does, says so, and ends. */
const working = `
  const database = new (require('libsql'))(process.argv[1], { timeout: 0 });
  database.exec('BEGIN EXCLUSIVE');
  console.log('working');
  setTimeout(() => {}, 1500);`;

it('the run works in a session of its own, with its output in the workspace, and ends by itself', async () => {
  const command = ['-e', working, join(workspace.locks, 'demo.lock')];
  mkdirSync(workspace.runDirectory('demo'), { recursive: true });
  expect(await detach(workspace, { name: 'demo', command, json: true })).toBe(0);
  const { pid } = JSON.parse(printed);
  // Field 6: the session. A closed terminal ends the processes of its own session.
  const [, , , session] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  expect(Number(session)).toBe(pid);
  await expect(detach(workspace, { name: 'demo', command, json: true })).rejects.toMatchObject({ kind: 'busy' });
  while (isRunning(workspace, 'demo')) {
    await delay(50);
  }
  expect(readFileSync(detachedLog(workspace, 'demo'), 'utf8')).toBe('working\n');
});

it('what keeps it from beginning is told, with the exit code', async () => {
  const command = ['-e', `console.error('error: no server'); process.exit(4)`];
  expect(await detach(workspace, { name: 'demo', command, json: false })).toBe(4);
  expect(printed).toBe('error: no server\n');
});
