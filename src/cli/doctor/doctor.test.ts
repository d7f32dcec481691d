import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { parseConfigFile } from '../../core/config';
import { TutelageError } from '../../core/errors';
import { openArtifactStore } from '../../store/artifacts/artifact-store';
import { openLedger } from '../../store/ledger';
import { type Workspace, workspaceAt } from '../../store/workspace';
import { type Check, lookWith, type Patient } from './check';
import { diskCheck, gpuCheck, nodeCheck, pythonCheck, torchCheck } from './machine';
import { credentialsCheck, temporalCheck } from './services';
import { artifactsCheck, ledgerCheck, processesCheck, workspaceCheck } from './workspace';

let workspace: Workspace;

beforeEach(async () => {
  workspace = workspaceAt(await mkdtemp(join(tmpdir(), 'tutelage-doctor-')));
});

const well: Omit<Patient, 'workspace'> = { configs: [], environment: {}, python: null };

async function check(looked: Check, expected: { found: unknown; todo?: unknown }, patient: Partial<Patient> = {}) {
  const finding = await lookWith(looked, { ...well, workspace, ...patient });
  expect(finding).toEqual({ name: looked.name, todo: undefined, ...expected });
}

const saying = (text: string) => expect.stringContaining(text);

describe('a machine', () => {
  it('that runs these tests has a Node that is new enough', () => check(nodeCheck, { found: process.versions.node }));

  it('whose interpreter is none is told what it said, once', async () => {
    const python = new TutelageError('missing', 'TUTELAGE_PYTHON names /nope', 'name another interpreter');
    await check(pythonCheck, { found: 'TUTELAGE_PYTHON names /nope', todo: 'name another interpreter' }, { python });
    await check(torchCheck, { found: 'not looked at without Python' }, { python });
  });

  it('without cards trains on the CPU', () =>
    check(gpuCheck, { found: saying('none') }, { environment: { CUDA_VISIBLE_DEVICES: '' } }));

  it('has a disk, also where the workspace is not there yet', async () => {
    await rm(workspace.root, { recursive: true });
    await check(diskCheck, { found: saying('GiB free under ') });
  });

  it('whose cluster does not answer is told which, and what to do', () =>
    check(
      temporalCheck,
      { found: saying('127.0.0.1:1'), todo: saying('TEMPORAL_ADDRESS') },
      { environment: { TEMPORAL_ADDRESS: '127.0.0.1:1' } },
    ));
});

describe('credentials', () => {
  const configsOf = (teacher: string) => {
    const text = `name: demo\ntask: {kind: operator-chains}\nteacher: ${teacher}\n`;
    const parsed = parseConfigFile({ text, file: 'demo.yaml', sets: [] });
    return parsed.ok ? parsed.runs.map(({ config }) => config) : [];
  };
  const configs = configsOf('{provider: openai, model: m, api_key_env: HOUSE_KEY}');

  it.each([
    ['are present, and not shown', { HOUSE_KEY: 'very-secret' }, { found: 'HOUSE_KEY is set' }],
    ['are absent', {}, { found: 'HOUSE_KEY is not set', todo: 'export HOUSE_KEY=...' }],
    ['are empty, which is absent', { HOUSE_KEY: '' }, { found: saying('not set'), todo: saying('HOUSE_KEY') }],
  ])('of a file %s', (_, environment, expected) => check(credentialsCheck, expected, { configs, environment }));

  it('are not needed where the teacher is offline, or where no file is named', async () => {
    await check(credentialsCheck, { found: saying('none are needed') }, { configs: configsOf('{provider: offline}') });
    await check(credentialsCheck, { found: 'OPENAI_API_KEY is not set, HF_TOKEN is not set' });
  });
});

describe('a workspace', () => {
  it('that is not there yet lacks nothing', async () => {
    await rm(workspace.root, { recursive: true });
    await check(workspaceCheck, { found: saying('the first run makes it') });
    await check(ledgerCheck, { found: saying('nothing was bought') });
    await check(artifactsCheck, { found: saying('nothing was stored') });
    await check(processesCheck, { found: 'nothing is worked on; no server runs' });
  });

  it('whose accounts do not add up is told which', async () => {
    const ledger = await openLedger(workspace.ledger);
    await ledger.openAccount({ run: 'demo', experiment: null, budget: { samples: 5 } });
    await ledger.close();
    await check(ledgerCheck, { found: saying('every account adds up') });
    const database = new Database(workspace.ledger);
    database.exec("update accounts set samples = 3 where name = 'demo'");
    database.close();
    await check(ledgerCheck, { found: saying('run demo says'), todo: saying('backup') });
  });

  it('that a newer program wrote is told so', async () => {
    const database = new Database(workspace.ledger);
    database.exec('pragma user_version = 999');
    database.close();
    await check(ledgerCheck, { found: saying('has version 999'), todo: saying('newer tutelage') });
  });

  it('whose ledger is no database is told so', async () => {
    await writeFile(workspace.ledger, 'not a database'.repeat(100));
    await check(ledgerCheck, { found: saying('not a database'), todo: expect.any(String) });
  });

  it('with one changed byte in an artifact is told which file', async () => {
    const store = openArtifactStore(workspace.artifacts, workspace.checkouts);
    const ref = await store.putText('pool', 'a pool');
    await check(artifactsCheck, { found: '1 files; of 1 that were read, all are what their names say' });
    const path = join(workspace.artifacts, ref.sha256.slice(0, 2), ref.sha256.slice(2));
    await writeFile(path, 'b pool');
    await check(artifactsCheck, { found: saying(path), todo: saying('check the disk') });
  });

  it('in a bucket that is not named rightly is told how', () =>
    check(
      artifactsCheck,
      { found: saying('s3://bucket/prefix'), todo: saying('name a bucket') },
      { environment: { TUTELAGE_ARTIFACTS: 'bucket' } },
    ));
});
