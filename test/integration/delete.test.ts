import { existsSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { openWorkspaceLedger } from '../../src/store/known-ledger';
import type { Workspace } from '../../src/store/workspace';
import { until } from '../support/processes';
import { storedLaunch } from '../support/stored-launch';
import { inTerminal } from '../support/terminal';

jest.setTimeout(120_000);

const address = process.env.TEST_TEMPORAL_ADDRESS as string;
const account = { kind: 'run', name: 'demo' } as const;

/** One call of two dollars. */
async function spend(workspace: Workspace): Promise<void> {
  const ledger = await openWorkspaceLedger(workspace);
  const charge = { run: 'demo', experiment: null };
  await ledger.openAccount({ ...charge, budget: { usd: 5 } });
  const worst = { tokens: 100, nanoUsd: 3e9 };
  const { granted } = await ledger.reserveCalls(charge, [{ row: 'a', purpose: 'judge', worst }]);
  const [call] = granted;
  if (call === undefined || !('reservation' in call)) {
    throw new Error('the call was not granted');
  }
  await ledger.markSent(call.reservation, 'hash', () => 2e9);
  const usage = { inputTokens: 20, cachedTokens: 0, outputTokens: 10, reasoningTokens: 0, estimated: false };
  await ledger.settle(call.reservation, { usage, nanoUsd: 2e9, finish: 'stop', raw: '{}' });
  await ledger.close();
}

async function committed(workspace: Workspace) {
  const ledger = await openWorkspaceLedger(workspace);
  try {
    return (await ledger.account(account)).committed;
  } finally {
    await ledger.close();
  }
}

it('asks, then ends the workflow and removes the records; what was spent stays in the ledger', async () => {
  const { workspace } = await storedLaunch();
  await spend(workspace);
  const before = await committed(workspace);
  const connection = await Connection.connect({ address });
  const { workflow } = new Client({ connection });
  // Nobody serves its queue, so it stays open as a run does that nobody works on.
  const handle = await workflow.start('run', { taskQueue: 'nobody', workflowId: 'demo' });
  const statusOf = async () => (await handle.describe()).status.name;
  const answer = async (text: string) => {
    const terminal = inTerminal(['delete', 'demo'], {
      workspace: workspace.root,
      columns: 200,
      environment: { TEMPORAL_ADDRESS: address },
    });
    await until(() => terminal.drawn().includes('[y/N]'), 60_000);
    terminal.type(text);
    return { exitCode: await terminal.ended, said: stripVTControlCharacters(terminal.drawn()) };
  };

  expect(await answer('n')).toMatchObject({ exitCode: 1, said: expect.stringContaining('nothing was deleted') });
  expect({ status: await statusOf(), kept: existsSync(workspace.runDirectory('demo')) }).toEqual({
    status: 'RUNNING',
    kept: true,
  });
  expect(await answer('y')).toMatchObject({ exitCode: 0, said: expect.stringContaining('stays in the ledger') });
  expect({ status: await statusOf(), kept: existsSync(workspace.runDirectory('demo')) }).toEqual({
    status: 'TERMINATED',
    kept: false,
  });
  expect(before.nanoUsd).toBe(2e9);
  expect(await committed(workspace)).toEqual(before);
  await connection.close();
});
