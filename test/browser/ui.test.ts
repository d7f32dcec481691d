import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe, { type AxeResults } from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { loadRun } from '../../src/analysis/load';
import { type ServedUi, serveUi } from '../../src/cli/ui/serve';
import { storeRunFailure } from '../../src/store/failed-runs';
import { openWorkspace, type Workspace } from '../../src/store/workspace';
import { hostile, storeExperiment } from '../support/stored-experiment';
import { storeSamples } from '../support/stored-samples';

jest.setTimeout(120_000);

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']; // biome-ignore format: a list

let workspace: Workspace;
let ui: ServedUi;
let browser: Browser;
const said: string[] = [];

beforeAll(async () => {
  workspace = await openWorkspace(await mkdtemp(join(tmpdir(), 'tutelage-ui-')));
  await storeExperiment(workspace.root, 20);
  await storeSamples(workspace, hostile);
  ui = await serveUi(workspace, 0);
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  browser = await chromium.launch({ executablePath, headless: true, args: flags });
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
  await rm(workspace.root, { recursive: true, force: true });
});

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

test('in two clicks from a run to a test question with both answers, and by the arrow keys to the next', async () => {
  const { context, page } = await opened();
  await page.goto(new URL('/runs/demo/loss-2', ui.url).href);
  await page.click('text="Test answers"');
  await picture(page, 'answers');
  await page.click('text="4 fixed"');
  await page.click('tbody a');
  expect(await page.textContent('h1')).toBe('Test question q4');
  await picture(page, 'answer');
  await page.keyboard.press('ArrowRight');
  await page.waitForSelector('h1:text("Test question q5")');
  await page.keyboard.press('Escape');
  await page.waitForSelector('#list table');
  expect(await page.textContent('caption')).toBe('4 of 12 test questions');
  await context.close();
});

test('rows are filtered by a form and opened; what a model wrote stays text', async () => {
  const { context, page } = await opened();
  await page.goto(new URL('/rows/demo/loss-2', ui.url).href);
  await picture(page, 'rows');
  await page.selectOption('select[name=iteration]', '2');
  await page.click('text="Filter"');
  await page.waitForSelector('caption:has-text("20 of 80 picks")');
  await page.click('text="2, 0"');
  await page.waitForSelector('div.whole');
  expect(await page.locator('div.whole').allTextContents()).toContain(hostile);
  expect(await page.title()).toBe('Iteration 2, rank 0 · tutelage');
  await picture(page, 'row');
  await context.close();
});

const pages = [
  ...['/', '/runs/demo', '/runs/demo/loss-1', '/rows/demo/loss-1', '/rows/demo/loss-1?pick=1-0'],
  ...['/answers/demo/loss-1', '/answers/demo/loss-1?of=test&question=q4'],
];

/** Barriers for who reads the page otherwise than by eye and mouse. */
async function seriousBarriers(page: Page, rules: object): Promise<(string | undefined)[][]> {
  await page.addScriptTag({ content: axe.source });
  const run = `axe.run(${JSON.stringify({ resultTypes: ['violations'], ...rules })})`;
  const { violations } = await page.evaluate<AxeResults>(run);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => [id, nodes[0]?.html]);
}

// All rules at a desk; elsewhere those that depend on it.
test.each([
  ['at a desk', {}, {}],
  [
    'on a phone',
    { viewport: { width: 400, height: 800 } },
    { runOnly: ['scrollable-region-focusable', 'target-size'] },
  ],
  ['in the dark', { colorScheme: 'dark' }, { runOnly: ['color-contrast'] }],
  ['without scripts', { javaScriptEnabled: false }, null],
] as const)(
  '%s nothing sticks out of a page or is a serious barrier, and the curves are there',
  async (name, options, rules) => {
    const { context, page } = await opened({ ...options, bypassCSP: true });
    for (const path of pages) {
      await page.goto(new URL(path, ui.url).href, { waitUntil: 'load' });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
        'viewport' in options ? options.viewport.width : 1240,
      );
      await picture(page, `${name}${path.replaceAll(/[^a-z0-9]+/g, '-')}`);
      const serious = rules === null ? [] : await seriousBarriers(page, rules);
      expect({ path, serious }).toEqual({ path, serious: [] });
      expect(await page.locator('#curve-macro svg:visible').count()).toBe(path.startsWith('/runs') ? 1 : 0);
    }
    await context.close();
  },
);

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
