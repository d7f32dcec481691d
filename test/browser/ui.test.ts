import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { loadRun } from '../../src/analysis/load';
import { type ServedUi, serveUi } from '../../src/cli/ui/serve';
import { storeRunFailure } from '../../src/store/failed-runs';
import { openWorkspace, type Workspace } from '../../src/store/workspace';
import { hostile, storeExperiment } from '../support/stored-experiment';

jest.setTimeout(120_000);

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']; // biome-ignore format: a list

let workspace: Workspace;
let ui: ServedUi;
let browser: Browser;
const said: string[] = [];

beforeAll(async () => {
  workspace = await openWorkspace(await mkdtemp(join(tmpdir(), 'tutelage-ui-')));
  await storeExperiment(workspace.root, 20);
  for (const run of (await readdir(join(workspace.root, 'runs', 'demo'))).filter((name) => /-\d$/.test(name))) {
    await storePlanOf(`demo/${run}`);
  }
  ui = await serveUi(workspace, 0);
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  browser = await chromium.launch({ executablePath, headless: true, args: flags });
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
  await rm(workspace.root, { recursive: true, force: true });
});

async function storePlanOf(run: string): Promise<void> {
  const record = await loadRun(workspace.root, run);
  const plan = { run, experiment: 'demo', config: record?.config, labels: {}, origins: {} };
  await writeFile(join(workspace.runDirectory(run), 'plan.json'), JSON.stringify(plan));
}

async function opened(
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ viewport: { width: 1240, height: 900 }, ...options });
  const page = await context.newPage();
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  await page.goto(ui.url);
  await page.waitForSelector('#runs table');
  return { context, page };
}

/** Pictures for a person to look at: `SCREENSHOTS=folder npm run test:browser`. */
async function picture(page: Page, name: string): Promise<void> {
  if (process.env.SCREENSHOTS !== undefined) {
    await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`), fullPage: true });
  }
}

test('from the address with the token to the curves of a run in two clicks, and the token is gone', async () => {
  const { context, page } = await opened();
  expect(page.url()).not.toContain('token');
  await picture(page, 'workspace');
  await page.click('text="demo"');
  await page.waitForSelector('#curve-macro svg');
  await picture(page, 'experiment');
  await page.click('text="demo/loss-1"');
  await page.waitForSelector('#curve-macro svg');
  await picture(page, 'run');
  expect(await page.textContent('h1')).toBe('demo/loss-1');
  expect(await page.title()).toBe('demo/loss-1 · tutelage');
  await context.close();
});

test('an open page changes by itself, keeps what was chosen, and shows hostile text as text', async () => {
  const { context, page } = await opened();
  await page.goto(new URL('/runs/demo/random-3', ui.url).href);
  await page.click('input[value=tokens]');
  const record = await loadRun(workspace.root, 'demo/random-3');
  const file = join(workspace.runDirectory('demo/random-3'), 'run.json');
  await writeFile(file, JSON.stringify({ ...record, state: 'running' }));
  await storeRunFailure(workspace, 'demo/random-3', hostile);
  await page.waitForSelector('.state.failed');
  expect(await page.textContent('.reason')).toBe(hostile);
  expect(await page.title()).toBe('demo/random-3 · tutelage');
  expect(await page.$$('img')).toEqual([]);
  expect(await page.isChecked('input[value=tokens]')).toBe(true);
  await context.close();
});

test.each([
  ['a phone', { viewport: { width: 400, height: 800 } }],
  ['the dark', { colorScheme: 'dark' }],
  ['a browser without scripts', { javaScriptEnabled: false }],
] as const)('in %s nothing sticks out of the page, and the table and the curves are there', async (name, options) => {
  const { context, page } = await opened(options);
  for (const path of ['/', '/runs/demo', '/runs/demo/loss-1']) {
    await page.goto(new URL(path, ui.url).href, { waitUntil: 'load' });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
      'viewport' in options ? options.viewport.width : 1240,
    );
    await picture(page, `${name}${path.replaceAll('/', '-')}`);
  }
  expect(await page.locator('#curve-macro svg:visible').count()).toBeGreaterThan(0);
  await context.close();
});

test('on a phone the words of a figure are as large as elsewhere, and captions are not cut off', async () => {
  const { context, page } = await opened({ viewport: { width: 400, height: 800 } });
  await page.goto(new URL('/runs/demo/loss-1', ui.url).href);
  const pixels = await page.$$eval('figure svg text', (all) =>
    all.map((text) => text.getBoundingClientRect().height).filter((height) => height > 0),
  );
  expect(Math.min(...pixels)).toBeGreaterThanOrEqual(10);
  const rights = await page.$$eval('caption span', (all) => all.map((one) => one.getBoundingClientRect().right));
  expect(Math.max(...rights)).toBeLessThanOrEqual(400);
  await context.close();
});

test('who has no token sees nothing', async () => {
  const page = await browser.newPage();
  const response = await page.goto(new URL('/runs/demo', ui.url).href);
  expect(response?.status()).toBe(403);
  expect(await page.content()).not.toContain('loss-1');
  await page.close();
});

test('nothing was said on the console', () => {
  expect(said).toEqual([]);
});
