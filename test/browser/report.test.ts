import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { runCli } from '../support/cli';
import { hostile, storeExperiment } from '../support/stored-experiment';

jest.setTimeout(120_000);

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']; // biome-ignore format: a list

let folder: string;
let browser: Browser;
let page: Page;
let reportPath: string;
let seconds: number;
const said: string[] = [];
const asked: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutelage-report-'));
  // Two arms by three seeds by four iterations: 50,400 rows.
  await storeExperiment(folder, 2100);
  const startedMs = Date.now();
  expect(await runCli(['report', 'demo'], { workspace: folder })).toMatchObject({ exitCode: 0 });
  seconds = (Date.now() - startedMs) / 1000;
  reportPath = join(folder, 'runs', 'demo', 'report.html');
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  browser = await chromium.launch({ executablePath, headless: true, args: flags });
  page = await browser.newPage({ viewport: { width: 1240, height: 900 } });
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`file://${reportPath}`);
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

test('50,000 rows are written in a minute, however busy the machine, and in 15 MiB', async () => {
  expect((await stat(reportPath)).size).toBeLessThanOrEqual(15 * 2 ** 20);
  expect(seconds).toBeLessThanOrEqual(60);
});

test('every figure has marks and labelled axes, and can be seen', async () => {
  const figures = await page.$$eval('figure', (all) =>
    all.map((figure) => {
      const svg = [...figure.querySelectorAll('svg[role=img]')].find((one) => one.getClientRects().length > 0);
      return {
        id: figure.id,
        marks: svg?.querySelectorAll('path, rect, circle').length ?? 0,
        labels: [...(svg?.querySelectorAll('[data-mark$="-axis label"]') ?? [])].length,
        name: svg?.getAttribute('aria-label') ?? '',
        numbers: figure.querySelectorAll('table tbody tr').length,
      };
    }),
  );
  expect(figures.map(({ id }) => id)).toEqual(
    expect.arrayContaining(['curve-macro', 'curve-overall', 'figure-2-sets', 'figure-2-points', 'figure-3-first', 'figure-3-final', 'figure-4-macro', 'figure-5-macro', 'picks', 'funnel']), // biome-ignore format: a list
  );
  for (const figure of figures) {
    expect(figure).toEqual({ ...figure, name: expect.stringMatching(/\S/) });
    expect({ id: figure.id, has: figure.marks > 0 && figure.labels > 0 && figure.numbers > 0 }).toEqual({
      id: figure.id,
      has: true,
    });
  }
});

test('the curves are drawn against another measure at a click', async () => {
  await page.click('input[value=tokens]');
  const shown = await page.$$eval('#curve-macro svg[role=img]', (all) =>
    all.filter((svg) => svg.getClientRects().length > 0).map((svg) => svg.querySelector('title')?.textContent),
  );
  expect(shown).toEqual(['Macro accuracy against teacher tokens, input and output']);
  await page.click('input[value=rows]');
});

test('a figure is saved as SVG with its colours, and as CSV with its numbers', async () => {
  const saved = async (button: number) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.click(`#curve-macro p.save button:nth-child(${button})`),
    ]);
    const stream = await download.createReadStream();
    let text = '';
    for await (const chunk of stream) {
      text += chunk;
    }
    return text;
  };
  const svg = await saved(1);
  expect(svg).toMatch(/^<svg/);
  expect(svg).not.toContain('var(--');
  expect(await saved(2)).toMatch(/^arm,rows bought,"?teacher tokens/);
});

test('a pick opens at a click with its seed, answer, requests and verdict; what a model wrote stays text', async () => {
  await page.click('#row-browser button.open');
  await page.waitForSelector('#row-browser tbody tr');
  await page.click('#row-browser tbody tr:first-child button.link');
  const told = await page.textContent('dialog[open]');
  expect(told).toContain(hostile);
  expect(told).toMatch(
    /Why.*rank 0 of iteration 1, top, score.*reference answer.*New question.*Verdict.*accepted.*First request/s,
  );
  expect(await page.title()).toBe('demo · tutelage');
  expect(await page.$$('img')).toEqual([]);
  await page.keyboard.press('Escape');
});

test('rows are searched and paged in a moment', async () => {
  const startedMs = Date.now();
  await page.fill('#row-browser input[type=search]', 's1999');
  await page.waitForFunction('!document.querySelector("#row-browser [role=status]").textContent.startsWith("50,400")');
  expect(Date.now() - startedMs).toBeLessThan(10_000);
});

test('nothing is asked of the network and nothing fails', () => {
  expect(said).toEqual([]);
  expect(asked.filter((address) => !address.startsWith('file:') && !address.startsWith('blob:'))).toEqual([]);
});
