import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openBucket } from '../../src/store/artifacts/s3-bucket';
import { folderWith, runCli } from '../support/cli';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy';
import { expectNothingLeftOf } from '../support/processes';
import { type S3Server, s3SecretMarker, startS3Server } from '../support/s3-server';
import { smallConfig } from '../support/small-config';

jest.setTimeout(300_000);

let server: S3Server;
let proxy: FaultProxy;
beforeAll(async () => {
  server = await startS3Server();
  await server.makeBucket('runs');
  proxy = await startFaultProxy(server.endpoint);
}, 300_000);
afterAll(async () => {
  await proxy.close();
  await server.stop();
});

/** Everything of a run that may not depend on where its artifacts lie: references by hash, answers, spend. */
async function outcome(workspace: string): Promise<object> {
  const folder = join(workspace, 'runs', 'small');
  const { times: _times, ...results } = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8'));
  const record = JSON.parse(await readFile(join(folder, 'run.json'), 'utf8'));
  return { results, record: JSON.parse(JSON.stringify(record, (key, value) => (/Ms$|At$/.test(key) ? null : value))) };
}

async function textsUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.map((file) => readFile(file, 'latin1').catch(() => '')));
}

it('a run with its artifacts in a bucket that is away for a while is the run on local files, and its audit is clean', async () => {
  // The bucket goes away for some seconds in the middle.
  let awayMs = Number.POSITIVE_INFINITY;
  proxy.behave((_, number) => {
    awayMs = number === 60 ? Date.now() : awayMs;
    return Date.now() >= awayMs && Date.now() < awayMs + 6000 ? { status: 503, code: 'SlowDown' } : null;
  });
  const environment = { ...server.env, AWS_ENDPOINT_URL_S3: proxy.endpoint, TUTELAGE_ARTIFACTS: 's3://runs/lab' };
  const [shared, local] = [{ ...(await folderWith(smallConfig)), environment }, await folderWith(smallConfig)];
  const run = await runCli(['run', shared.file], shared);
  expect(run).toMatchObject({ exitCode: 0 });
  expect(Number.isFinite(awayMs)).toBe(true);
  expect(await runCli(['run', local.file], local)).toMatchObject({ exitCode: 0 });
  expect(await outcome(shared.workspace)).toEqual(await outcome(local.workspace));
  expect(existsSync(join(shared.workspace, 'artifacts'))).toBe(false);

  // What is here is a copy: without it the report and the audit find everything in the bucket.
  for (const folder of ['artifact-cache', 'checkouts', 'jobs']) {
    await rm(join(shared.workspace, folder), { recursive: true });
  }
  expect(await runCli(['report', 'small'], shared)).toMatchObject({ exitCode: 0 });
  const audit = await runCli(['audit', 'small'], shared);
  expect(audit).toMatchObject({ exitCode: 0 });

  // The secret is nowhere: in no log, history, record or database, in no object, in nothing that was said.
  const bucket = openObjects(environment);
  const keys = await bucket.list('');
  const objects = await Promise.all(keys.map(async (key) => (await bucket.getText(key))?.text ?? ''));
  expect(keys.length).toBeGreaterThan(20);
  const places = [
    run.stdout,
    run.stderr,
    audit.stdout,
    audit.stderr,
    ...objects,
    ...(await textsUnder(shared.workspace)),
  ];
  expect(places.filter((text) => text.includes(s3SecretMarker))).toEqual([]);
  await expectNothingLeftOf(shared.workspace);
});

function openObjects(environment: Readonly<Record<string, string>>) {
  Object.assign(process.env, environment);
  return openBucket('runs');
}
