import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { folderWith, runCli } from '../support/cli';
import { smallConfig } from '../support/small-config';

jest.setTimeout(120_000);

/** A hub with one data set of four rows, in the form of its own API. */
const rows = [2, 3, 4, 5]
  .map((n) => `${JSON.stringify({ asked: `How much is ${n} and ${n}?`, right: [String(2 * n), 'the double'] })}\n`)
  .join('');
const commit = 'a'.repeat(40);
let served: string[] = [];
let hub: Server;
let endpoint: string;

beforeAll(async () => {
  hub = createServer(({ url = '', method }, response) => {
    served.push(`${method} ${url}`);
    const json = (value: unknown) => {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(value));
    };
    if (url.startsWith('/api/datasets/acme/sums/revision/')) {
      json({ id: 'acme/sums', sha: commit, siblings: [{ rfilename: 'data/train.jsonl' }, { rfilename: 'README.md' }] });
    } else if (url.startsWith('/api/datasets/acme/sums/tree/')) {
      json(['data/train.jsonl', 'README.md'].map((path) => ({ type: 'file', path, oid: commit, size: rows.length })));
    } else if (url.startsWith('/datasets/acme/sums/resolve/')) {
      response.setHeader('ETag', `"${commit}"`);
      response.setHeader('X-Repo-Commit', commit);
      response.setHeader('Content-Length', rows.length);
      response.end(method === 'HEAD' ? '' : rows);
    } else {
      response.statusCode = 404;
      json({ error: 'Repository not found' });
    }
  });
  await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
});

afterAll(() => new Promise((resolve) => hub.close(resolve)));

const taskAt = (path: string) =>
  smallConfig.replace(
    /^task:[\s\S]*?(?=^\S)/m,
    `task: {kind: jsonl, train: "${path}", test: {share: 0.5}, question: asked, answer: right, check: exact}\n`,
  );

async function validate(path: string, hubAt = endpoint) {
  const { file, workspace } = await folderWith(
    taskAt(path).replace('{provider: offline}', '{provider: openai, model: m, max_tokens: 64}'),
  );
  const environment = { HF_ENDPOINT: hubAt, HF_HOME: `${workspace}/hub-cache`, HF_HUB_DISABLE_TELEMETRY: '1' };
  const command = () => runCli(['validate', file], { workspace, environment });
  return { first: await command(), again: command };
}

describe('files on the Hugging Face hub', () => {
  it('are downloaded once, and read as files of this machine', async () => {
    const { first, again } = await validate('hf://datasets/acme/sums/data');
    expect(first.stderr).toMatch(/reference {2}"\d+" -> "\d+", or one of 1 other/);
    expect(first.exitCode).toBe(0);
    served = [];
    expect((await again()).exitCode).toBe(0);
    expect(served).toEqual([]);
  });

  it.each([
    ['a data set that is not there', 'hf://datasets/acme/none', /did not give acme\/none: .*404/],
    ['a path that is not of the hub', 'hf://models/acme', /expected hf:\/\/datasets\/OWNER\/NAME/],
  ])('%s is refused in a sentence', async (_, path, says) => {
    const { first } = await validate(path);
    expect(first.stderr).toMatch(says);
    expect(first.exitCode).not.toBe(0);
  });

  it('without a network are refused with the next step', async () => {
    const { first } = await validate('hf://datasets/acme/sums', 'http://127.0.0.1:9');
    expect(first.stderr).toMatch(/did not give acme\/sums: .*refused[\s\S]*hint: check its name and the network/);
    expect(first.exitCode).not.toBe(0);
  });
});
