import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { download } from './download';

const content = Buffer.from(Array.from({ length: 50_000 }, (_, index) => index % 251));
const requests: (string | undefined)[] = [];
let server: Server;
let url: string;
let target: string;

/** Gives `content`, a range of it where one is asked for; `/cut` breaks off half way at first. */
beforeAll(async () => {
  let isCut = false;
  server = createServer((request, response) => {
    requests.push(request.headers.range);
    if (request.url === '/absent') {
      response.writeHead(404).end();
      return;
    }
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const body = request.url === '/other' ? Buffer.alloc(content.length) : content.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, { 'Content-Length': body.length });
    if (request.url === '/cut' && !isCut) {
      isCut = true;
      response.write(body.subarray(0, 20_000), () => response.destroy());
      return;
    }
    response.end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(async () => {
  requests.length = 0;
  target = join(await mkdtemp(join(tmpdir(), 'tutelage-download-')), 'data', 'file.jsonl');
});

const file = (path: string) => ({
  ...{ name: 'file.jsonl', url: `${url}${path}`, license: 'MIT' },
  ...{ bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') },
});

it('a file comes whole, with its licence beside it, and is not asked for again', async () => {
  await download(file('/whole'), target);
  await download(file('/whole'), target);
  expect((await readFile(target)).equals(content)).toBe(true);
  expect(await readFile(`${target}.license.txt`, 'utf8')).toContain('MIT');
  expect(requests).toEqual([undefined]);
});

it('an interrupted download resumes where it stopped', async () => {
  await expect(download(file('/cut'), target)).rejects.toMatchObject({ kind: 'missing' });
  const { size } = await stat(`${target}.part`);
  await download(file('/cut'), target);
  expect((await readFile(target)).equals(content)).toBe(true);
  expect(requests).toEqual([undefined, size > 0 ? `bytes=${size}-` : undefined]);
});

it('other content than the pinned is refused, and not kept', async () => {
  await expect(download(file('/other'), target)).rejects.toMatchObject({ kind: 'damaged' });
  await expect(stat(target)).rejects.toMatchObject({ code: 'ENOENT' });
});

it('a server that has nothing, or is not there, is named', async () => {
  await expect(download(file('/absent'), target)).rejects.toThrow(
    '/absent cannot be downloaded: the server answered 404',
  );
  const nowhere = { ...file('/whole'), url: 'http://127.0.0.1:9/file' };
  await expect(download(nowhere, target)).rejects.toMatchObject({ kind: 'missing' });
});
