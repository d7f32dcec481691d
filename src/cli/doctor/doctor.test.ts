import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { parseConfigFile } from '../../core/config';
import { TutelageError } from '../../core/errors';
import { openArtifactStore } from '../../store/artifacts/artifact-store';
import { openLedger } from '../../store/ledger';
import { type Workspace, workspaceAt } from '../../store/workspace';
import { type DoctorCheck, type DoctorContext, inspectWith } from './check';
import { diskCheck, gpuCheck, nodeCheck, pythonCheck, torchCheck } from './machine';
import { credentialsCheck, temporalCheck } from './services';
import { artifactsCheck, ledgerCheck, processesCheck, workspaceCheck } from './workspace';

let workspace: Workspace;

beforeEach(async () => {
  workspace = workspaceAt(await mkdtemp(join(tmpdir(), 'tutelage-doctor-')));
});

const healthy: Omit<DoctorContext, 'workspace'> = { configs: [], environment: {}, python: null };

async function check(
  looked: DoctorCheck,
  expected: { detail: unknown; fix?: unknown },
  context: Partial<DoctorContext> = {},
) {
  const finding = await inspectWith(looked, { ...healthy, workspace, ...context });
  expect(finding).toEqual({ name: looked.name, fix: undefined, ...expected });
}

const saying = (text: string) => expect.stringContaining(text);

describe('a machine', () => {
  it('that runs these tests has a Node that is new enough', () => check(nodeCheck, { detail: process.versions.node }));

  it('whose interpreter cannot be used is told why, once', async () => {
    const python = new TutelageError('missing', 'TUTELAGE_PYTHON names /nope', 'name another interpreter');
    await check(pythonCheck, { detail: 'TUTELAGE_PYTHON names /nope', fix: 'name another interpreter' }, { python });
    await check(torchCheck, { detail: 'not checked without Python' }, { python });
  });

  it('without a GPU trains on the CPU', () =>
    check(gpuCheck, { detail: saying('none') }, { environment: { CUDA_VISIBLE_DEVICES: '' } }));

  it('has a disk, even before the workspace exists', async () => {
    await rm(workspace.root, { recursive: true });
    await check(diskCheck, { detail: saying('GiB free under ') });
  });

  it('whose cluster does not answer is told which, and what to do', () =>
    check(
      temporalCheck,
      { detail: saying('127.0.0.1:1'), fix: saying('TEMPORAL_ADDRESS') },
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
    ['are present, and not shown', { HOUSE_KEY: 'very-secret' }, { detail: 'HOUSE_KEY is set' }],
    ['are absent', {}, { detail: 'HOUSE_KEY is not set', fix: 'export HOUSE_KEY=...' }],
    ['are empty, which is absent', { HOUSE_KEY: '' }, { detail: saying('not set'), fix: saying('HOUSE_KEY') }],
  ])('of a file %s', (_, environment, expected) => check(credentialsCheck, expected, { configs, environment }));

  it('are not needed where the teacher is offline, or where no file is named', async () => {
    await check(credentialsCheck, { detail: saying('none needed') }, { configs: configsOf('{provider: offline}') });
    await check(credentialsCheck, { detail: 'OPENAI_API_KEY is not set, HF_TOKEN is not set' });
  });
});

describe('a workspace', () => {
  it('that does not exist yet has no problem', async () => {
    await rm(workspace.root, { recursive: true });
    await check(workspaceCheck, { detail: saying('the first run creates it') });
    await check(ledgerCheck, { detail: saying('nothing bought') });
    await check(artifactsCheck, { detail: saying('nothing stored') });
    await check(processesCheck, { detail: 'no run is active; no server' });
  });

  it('whose accounts do not add up is told which', async () => {
    const ledger = await openLedger(workspace.ledger);
    await ledger.openAccount({ run: 'demo', experiment: null, budget: { samples: 5 } });
    await ledger.close();
    await check(ledgerCheck, { detail: saying('every account adds up') });
    const database = new Database(workspace.ledger);
    database.exec("update accounts set samples = 3 where name = 'demo'");
    database.close();
    await check(ledgerCheck, { detail: saying('run demo says'), fix: saying('backup') });
  });

  it('that a newer program wrote is told so', async () => {
    const database = new Database(workspace.ledger);
    database.exec('pragma user_version = 999');
    database.close();
    await check(ledgerCheck, { detail: saying('has version 999'), fix: saying('newer tutelage') });
  });

  it('whose ledger is not a database is told so', async () => {
    await writeFile(workspace.ledger, 'not a database'.repeat(100));
    await check(ledgerCheck, { detail: saying('not a database'), fix: expect.any(String) });
  });

  it('with one changed byte in an artifact is told which file', async () => {
    const store = openArtifactStore(workspace.artifacts, workspace.checkouts);
    const ref = await store.putText('pool', 'a pool');
    await check(artifactsCheck, { detail: '1 file, 1 of them read: every hash matches' });
    const path = join(workspace.artifacts, ref.sha256.slice(0, 2), ref.sha256.slice(2));
    await writeFile(path, 'b pool');
    await check(artifactsCheck, { detail: saying(path), fix: saying('check the disk') });
  });

  it('in a bucket whose address is malformed is told the right form', () =>
    check(
      artifactsCheck,
      { detail: saying('s3://bucket/prefix'), fix: saying('name a bucket') },
      { environment: { TUTELAGE_ARTIFACTS: 'bucket' } },
    ));
});
