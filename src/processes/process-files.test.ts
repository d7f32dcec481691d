import { copyFileSync, mkdtempSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serves } from './process-files';

const folder = mkdtempSync(join(tmpdir(), 'tutelage-files-'));
const database = join(folder, 'open.db');
const copy = join(folder, 'copy.db');
const link = join(folder, 'link.db');
const server = createServer();
let port: number;

beforeAll(async () => {
  writeFileSync(database, 'content');
  copyFileSync(database, copy);
  symlinkSync(database, link);
  openSync(database, 'r');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => void server.close());

describe('a process serves a database on a port', () => {
  it('that it has open, by whatever name', () => {
    expect(serves(process.pid, { database, port })).toBe(true);
    expect(serves(process.pid, { database: link, port })).toBe(true);
  });

  it('and not a copy of it', () => expect(serves(process.pid, { database: copy, port })).toBe(false));
  it('and not one that is not there', () =>
    expect(serves(process.pid, { database: join(folder, 'none'), port })).toBe(false));
  it('and not on the port of another process', () => {
    expect(serves(process.ppid, { database, port })).toBe(false);
    expect(serves(process.pid, { database, port: 9 })).toBe(false);
  });
});
