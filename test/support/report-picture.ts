import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { chromium } from 'playwright-core';

/**
 * Takes the README's picture of the quickstart's report: `npm start`, then `npm run docs:picture`. Reads the workspace's
 * report, or the file given as the first argument. Needs Chromium: Debian's, or the one that `CHROMIUM` names.
 */
async function main(): Promise<void> {
  const workspace = process.env.TUTELAGE_HOME ?? '.tutelage';
  const report = resolve(process.argv[2] ?? join(workspace, 'runs', 'quickstart', 'report.html'));
  const picture = join(__dirname, '..', '..', 'docs', 'images', 'report.png');
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, headless: true, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1000, height: 760 }, colorScheme: 'light' });
    await page.goto(`file://${report}`);
    await mkdir(dirname(picture), { recursive: true });
    // From the top of the page to the end of the first learning curve.
    const curve = await page.locator('figure#curve-macro svg[role=img]').first().boundingBox();
    if (curve === null) {
      throw new Error(`${report} has no learning curve in macro accuracy`);
    }
    const clip = { x: 0, y: 24, width: 1000, height: Math.floor(curve.y + curve.height) - 24 };
    await page.screenshot({ path: picture, fullPage: true, clip });
  } finally {
    await browser.close();
  }
  process.stderr.write(`${picture}\n`);
}

void main();
