import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hono } from 'hono';
import { parseConfigFile } from '../../core/config';
import { storeRunFailure } from '../../store/failed-runs';
import { openWorkspace, type Workspace } from '../../store/workspace';
import { storeLaunch } from '../launch';
import { uiApp } from './app';
import { openWatch, type Watch } from './watch';

const token = 'the-token';
const cookie = `tutelage-4321=${token}`;
const hostile = `<script>document.title='owned'</script>"'\u202e`;

let workspace: Workspace;
let watch: Watch;
let app: Hono;

beforeEach(async () => {
  workspace = await openWorkspace(await mkdtemp(join(tmpdir(), 'tutelage-ui-')));
  watch = openWatch(workspace);
  app = uiApp({ workspace, watch, token, port: () => 4321, ending: new AbortController().signal });
});
afterEach(async () => {
  await watch.close();
  await rm(workspace.root, { recursive: true });
});

async function start(name: string): Promise<void> {
  const parsed = parseConfigFile({ text: `name: ${name}\ntask: {kind: operator-chains}\n`, file: 'f', sets: [] });
  const plans = parsed.ok ? parsed.runs : [];
  await storeLaunch(workspace, { name, next: '', isExperiment: false, parallelRuns: 1, plans });
}

const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  app.request(`http://127.0.0.1:4321${path}`, { method, headers: { host: '127.0.0.1:4321', cookie, ...headers } });

const textOf = async (path: string) => (await ask(path)).text();

it.each([
  ['no token', '/', { cookie: '' }],
  ['a wrong token', '/?token=guess', { cookie: '' }],
  ['an empty token', '/?token=', { cookie: '' }],
  ['a wrong cookie', '/', { cookie: 'tutelage-4321=guess' }],
  ['the cookie of another port', '/', { cookie: `tutelage-80=${token}` }],
  ['a name of another site that points here', '/', { host: 'evil.example:4321' }],
  ['a name that only begins like ours', '/', { host: '127.0.0.1.evil.example' }],
  ['a page of another site', '/', { origin: 'https://evil.example' }],
  ['a page of another port of this machine', '/', { origin: 'http://127.0.0.1:9999' }],
  ['a page without an origin of its own', '/', { origin: 'null' }],
  ['the token at a foreign name', `/?token=${token}`, { cookie: '', host: 'evil.example' }],
  ['no token, for the script', '/live.js', { cookie: '' }],
  ['no token, for what changes', '/live?page=/', { cookie: '' }],
])('%s is refused, and told nothing about the workspace', async (_, path, headers) => {
  await start('secret-plans');
  const response = await ask(path, headers);
  expect(response.status).toBe(403);
  expect(await response.text()).not.toContain('secret-plans');
});

it('a form of another site cannot post, nor can one that hides where it comes from', async () => {
  expect((await ask('/', { origin: 'https://evil.example' }, 'POST')).status).toBe(403);
  expect((await ask('/', {}, 'POST')).status).toBe(403);
});

it('the address with the token gives a strict cookie and leads on without the token', async () => {
  const response = await ask(`/runs/one?sort=name&token=${token}`, { cookie: '' });
  expect(response.status).toBe(200);
  expect(response.headers.get('set-cookie')).toBe(`${cookie}; Path=/; HttpOnly; SameSite=Strict`);
  const text = await response.text();
  expect(text).toContain('url=/runs/one?sort=name"');
  expect(text).not.toContain(token);
});

it('the entrance never leads to another host', async () => {
  const text = await (await ask(`//evil.example/?token=${token}`, { cookie: '' })).text();
  expect(text).toContain('url=/evil.example/');
});

it('behind `ssh -L` another port of localhost is its own page', async () => {
  expect((await ask('/', { host: 'localhost:8000', origin: 'http://localhost:8000' })).status).toBe(200);
});

it('no page runs a script of its own text, is framed, stored, or tells others its address', async () => {
  const { headers } = await ask('/');
  expect(headers.get('content-security-policy')).toMatch(
    /default-src 'none'.*script-src 'self'.*frame-ancestors 'none'/,
  );
  expect(headers.get('content-security-policy')).not.toMatch(/script-src[^;]*unsafe/);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('referrer-policy')).toBe('no-referrer');
  expect(await textOf('/')).not.toContain(token);
});

it('an empty place says what to do, and looking creates nothing', async () => {
  const before = readdirSync(workspace.root, { recursive: true }).sort();
  expect(await textOf('/')).toContain('tutelage run FILE');
  expect((await ask('/runs/none')).status).toBe(404);
  expect(readdirSync(workspace.root, { recursive: true }).sort()).toEqual(before);
});

it('a run is in the table with its state and reason, and has a page and the same as JSON', async () => {
  await start('one');
  await storeRunFailure(workspace, 'one', hostile);
  const table = await textOf('/');
  expect(table).toContain('<a href="/runs/one">one</a>');
  expect(table).toContain('<span class="state failed">failed</span>');
  expect(await textOf('/runs/one')).toContain('Figures follow');
  expect(await (await ask('/runs/one.json')).json()).toMatchObject({ name: 'one', runs: [{ state: 'failed' }] });
});

it.each(['/', '/runs/one'])('what a file or a model wrote stays text on %s, a megabyte of it too', async (path) => {
  await start('one');
  await storeRunFailure(workspace, 'one', hostile + 'x'.repeat(1e6));
  const text = await textOf(path);
  expect(text).toContain('&lt;script&gt;document.title=&#39;owned&#39;');
  expect(text).not.toContain('<script>');
});

it('what is typed into the address stays text', async () => {
  await start('one');
  const text = await textOf(`/?q=${encodeURIComponent(hostile)}&state=${encodeURIComponent(hostile)}&sort=constructor`);
  expect(text).not.toContain('<script>');
  expect(text).toContain('0 of 1');
});

it('the table is filtered and sorted by its address', async () => {
  for (const name of ['beta', 'alpha', 'gamma']) {
    await start(name);
  }
  await storeRunFailure(workspace, 'gamma', 'the endpoint is gone');
  const named = async (query: string) =>
    [...(await textOf(`/${query}`)).matchAll(/<a href="\/runs\/(\w+)">/g)].map((found) => found[1]);
  expect(await named('')).toEqual(['alpha', 'beta', 'gamma']);
  expect(await named('?sort=name&order=down')).toEqual(['gamma', 'beta', 'alpha']);
  expect(await named('?q=ET')).toEqual(['beta']);
  expect(await named('?state=failed')).toEqual(['gamma']);
  expect(await named('?sort=state&order=up')).toEqual(['gamma', 'alpha', 'beta']);
});

it('a plan that was cut off is told and hides no other run', async () => {
  await start('one');
  mkdirSync(workspace.runDirectory('cut'), { recursive: true });
  writeFileSync(join(workspace.runDirectory('cut'), 'plan.json'), '{"run": "cut", "conf');
  const text = await textOf('/');
  expect(text).toMatch(/cut\/plan\.json cannot be read/);
  expect(text).toContain('<a href="/runs/one">one</a>');
});

it('a record that was cut off is told and hides no other run', async () => {
  await start('one');
  await start('two');
  writeFileSync(join(workspace.runDirectory('two'), 'run.json'), '{"run": "two"');
  const text = await textOf('/');
  expect(text).toMatch(/two\/run\.json is not what was written there/);
  expect(text).toContain('<a href="/runs/one">one</a>');
});

it.each([
  '/runs/../../etc/passwd',
  '/runs/%2e%2e%2f%2e%2e%2fetc',
  '/runs/%',
  '/runs/',
  '/runs/constructor',
  '/etc/passwd',
])('nothing is at %s', async (path) => {
  expect((await ask(path)).status).toBe(404);
});

it('a page that is open is sent its parts', async () => {
  await start('one');
  const response = await ask('/live?page=%2Fruns%2Fone');
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const reader = response.body?.getReader();
  const first = new TextDecoder().decode((await reader?.read())?.value);
  expect(first).toMatch(/^event: part\ndata: \{"id":"now","markup":"/);
  await reader?.cancel();
  expect((await ask('/live?page=%2Fruns%2Fnone')).status).toBe(404);
});
