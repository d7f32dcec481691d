import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hono } from 'hono';
import { parseHTML } from 'linkedom';
import { z } from 'zod';
import { storeExperiment } from '../../../test/support/stored-experiment';
import { storeSamples } from '../../../test/support/stored-samples';
import { openWorkspace, type Workspace } from '../../store/workspace';
import { uiApp } from './app';
import { openWatch, type Watch } from './watch';

const hostile = `</div><script>document.title='owned'</script>"'\u202e`;

let workspace: Workspace;
let watch: Watch;
let app: Hono;

beforeAll(async () => {
  workspace = await openWorkspace(await mkdtemp(join(tmpdir(), 'tutelage-samples-')));
  await storeExperiment(workspace.root, 60);
  await storeSamples(workspace, `${hostile}${'x'.repeat(200_000)}`);
  watch = openWatch(workspace);
  app = uiApp({ workspace, watch, token: 't', port: () => 1, ending: new AbortController().signal });
});
afterAll(async () => {
  await watch.close();
  await rm(workspace.root, { recursive: true });
});

const ask = (path: string) =>
  app.request(`http://127.0.0.1:1${path}`, { headers: { host: '127.0.0.1:1', cookie: 'tutelage-1=t' } });

async function pageAt(path: string) {
  const { document } = parseHTML(await (await ask(path)).text());
  const table = [...document.querySelectorAll('tbody tr')];
  return {
    document,
    caption: document.querySelector('caption')?.textContent ?? '',
    firsts: table.map((row) => row.querySelector('th')?.textContent?.trim() ?? ''),
    link: (text: string) =>
      [...document.querySelectorAll('a')].find((one) => one.textContent?.includes(text))?.getAttribute('href') ?? '',
  };
}

const sampleSchema = z.looseObject({
  rows: z.array(z.looseObject({ score: z.number() })).default([]),
  answers: z.array(z.looseObject({ id: z.string() })).default([]),
});

const jsonAt = async (path: string) => sampleSchema.parse(await (await ask(path)).json());

const rows = '/rows/demo/loss-1';
const answers = '/answers/demo/loss-1';

it('rows are paged on the server, and every page has an address', async () => {
  const first = await pageAt(rows);
  expect(first.caption).toBe('240 picks');
  expect(first.firsts).toHaveLength(50);
  expect(first.firsts[0]).toBe('1, 0');
  const last = await pageAt(`${rows}?page=5`);
  expect(last.firsts).toHaveLength(40);
  expect(last.firsts.at(-1)).toBe('4, 59');
  expect((await pageAt(first.link('Later'))).firsts[0]).toBe('1, 50');
});

it.each(['0', '-1', '999', '1e9', 'x', '99999999999999999999'])('page %s is the nearest that there is', async (page) =>
  expect([50, 40]).toContain((await pageAt(`${rows}?page=${page}`)).firsts.length),
);

it.each([
  ['an iteration', 'iteration=3', 60],
  ['a verdict', 'verdict=accepted', 240],
  ['a verdict that no row has', 'verdict=leak', 0],
  ['a stratum', 'stratum=level+2&iteration=1', 15],
  ['a text that no row has', `q=${encodeURIComponent(hostile)}zz`, 0],
  ['a text, whatever its case', 'q=ONERROR', 4],
  ['scores that there are not', 'low=2', 0],
  ['scores, all of them', 'low=0&high=1', 240],
  ['no number at all', 'low=abc&high=', 240],
])('rows are filtered by %s', async (_, query, found) => {
  expect(await jsonAt(`${rows}.json?${query}`)).toMatchObject({ all: 240, found });
});

it('rows are sorted by score in both directions', async () => {
  const scores = async (order: string) =>
    (await jsonAt(`${rows}.json?sort=score&order=${order}`)).rows.map(({ score }) => score);
  const [down, up] = [await scores('down'), await scores('up')];
  expect(down).toEqual(down.toSorted((left, right) => right - left));
  expect(up).toEqual(up.toSorted((left, right) => left - right));
  expect(down[0]).toBeGreaterThan(up[0] ?? 1);
});

it('a row has an address of its own, the same as JSON, and steps through the list it was found in', async () => {
  const list = await pageAt(`${rows}?iteration=2&sort=pick&order=up`);
  const address = list.link('2, 1');
  const { document, link } = await pageAt(address);
  expect(document.querySelector('h1')?.textContent).toBe('Iteration 2, rank 1');
  expect(link('Next')).toBe(address.replace('pick=2-1', 'pick=2-2'));
  expect((await pageAt(link('Before'))).document.querySelector('h1')?.textContent).toBe('Iteration 2, rank 0');
  expect((await pageAt(link('Back'))).caption).toBe('60 of 240 picks');
  expect(await jsonAt(link('as JSON'))).toMatchObject({ run: 'demo/loss-1', iteration: 2, rank: 1 });
});

it('test answers of the base are compared with the last iteration: fixed, broken, still wrong, still right', async () => {
  const { document, caption } = await pageAt(answers);
  expect(caption).toBe('12 of 12 test questions');
  expect(document.querySelector('.changes')?.textContent?.replace(/\s+/g, ' ').trim()).toBe(
    '4 fixed 1 broken 4 still wrong 3 still right',
  );
  const broken = await jsonAt(`${answers}.json?change=broken`);
  expect(broken.answers).toMatchObject([
    { id: 'q0', change: 'broken', before: { correct: true }, after: { correct: false } },
  ]);
});

it.each([
  ['another iteration', 'after=1', 1],
  ['two iterations', 'before=1&after=2', 1],
  ['an iteration that there is not, so the last', 'after=99', 4],
  ['another run of the workspace', 'against=demo%2Frandom-1&before=2&after=4', 2],
])('test answers are compared with those of %s', async (_, query, fixed) =>
  expect(await jsonAt(`${answers}.json?change=fixed&${query}`)).toMatchObject({ found: fixed }),
);

it('a test question has an address of its own with both answers, and the same as JSON', async () => {
  const list = await pageAt(`${answers}?change=fixed`);
  const { document, link } = await pageAt(list.link('Which number is 5?'));
  expect(document.querySelector('h1')?.textContent).toBe('Test question q5');
  expect([...document.querySelectorAll('.sides h2')].map((one) => one.textContent)).toEqual([
    'base student: wrong',
    'iteration 4: correct',
  ]);
  expect(await jsonAt(link('as JSON'))).toMatchObject({ id: 'q5', reference: '5', change: 'fixed' });
});

it.each([
  rows,
  `${rows}?pick=1-0`,
  `${rows}?q=${encodeURIComponent(hostile)}&sort=constructor&iteration=__proto__`,
  answers,
  `${answers}?of=test&question=q5`,
  `${answers}?change=${encodeURIComponent(hostile)}`,
])('what a model wrote or somebody typed stays text on %s, and a long one is cut', async (path) => {
  const text = await (await ask(path)).text();
  expect(text).not.toMatch(/<script>|<img/);
  // What was typed comes back into its own field as it was.
  expect(text.replaceAll(/value="[^"]*"/g, '')).not.toContain('\u202e');
  expect(text.length).toBeLessThan(400_000);
  expect(parseHTML(text).document.querySelectorAll('script')).toHaveLength(1);
});

it.each([
  '/rows/demo',
  '/rows/none',
  '/answers/demo',
  `${rows}?pick=9-9`,
  `${rows}.json?pick=`,
  `${answers}?of=test&question=none`,
  `${answers}?against=none`,
  `${answers}?against=..%2F..%2Fetc`,
])('nothing is at %s', async (path) => expect((await ask(path)).status).toBe(404));

it('looking at samples creates nothing', async () => {
  const files = () => readdirSync(workspace.root, { recursive: true }).sort();
  const before = files();
  await ask(`${rows}?iteration=1`);
  await ask(`${answers}?after=2`);
  expect(files()).toEqual(before);
});

it('an open list is sent its part', async () => {
  const reader = (await ask(`/live?page=${encodeURIComponent(rows)}`)).body?.getReader();
  expect(new TextDecoder().decode((await reader?.read())?.value)).toMatch(/^event: part\ndata: \{"id":"list"/);
  await reader?.cancel();
});
