import { createHash } from 'node:crypto';
import { parseHTML } from 'linkedom';
import { demoExperiment, demoRecord } from '../../../test/support/run-records';
import { experimentResults, runResults } from '../results';
import { renderReport } from './report';

const results = experimentResults('demo', demoExperiment());
const page = renderReport(results);
const { document } = parseHTML(page);
const all = (selector: string) => [...document.querySelectorAll(selector)];

describe('the report of an experiment', () => {
  test('is a function of its results', () => expect(renderReport(results) === page).toBe(true));

  test('asks the network for nothing and runs one script, which its policy names', () => {
    expect(all('link, img, iframe, object, script[src]')).toEqual([]);
    const scripts = all('script:not([type])').map(({ textContent }) => textContent ?? '');
    expect(scripts).toHaveLength(1);
    const hash = createHash('sha256')
      .update(scripts[0] ?? '')
      .digest('base64');
    expect(all('meta[http-equiv]')[0]?.getAttribute('content')).toContain(`script-src 'sha256-${hash}'`);
    const addresses = page.replaceAll('http://www.w3.org/', '').match(/https?:\/\/|url\(|@import/g);
    expect(addresses).toBeNull();
    expect(all('meta[http-equiv="Content-Security-Policy"]')[0]?.getAttribute('content')).toContain(
      "default-src 'none'",
    );
  });

  test('carries the results themselves', () =>
    expect(JSON.parse(document.querySelector('#results')?.textContent ?? '')).toEqual(
      JSON.parse(JSON.stringify(results)),
    ));

  test('draws a curve, a band and three seeds for each arm and metric, in words too', () => {
    const figures = all('#curve-macro .by-rows svg, #curve-overall .by-rows svg');
    expect(figures).toHaveLength(2);
    for (const figure of figures) {
      const marks = (label: string) => [...figure.querySelectorAll(`[data-mark="${label}"] path`)];
      expect(marks('area')).toHaveLength(2);
      expect(marks('line')).toHaveLength(3 * 2 + 2);
      expect(marks('dot')).toHaveLength(2 * 5);
      expect(figure.getAttribute('role')).toBe('img');
      expect(figure.querySelector('title')?.textContent).toMatch(/accuracy against rows bought/);
      expect(figure.querySelector('desc')?.textContent).toMatch(/^random goes from 0\.\d+ at 0 rows to/);
      expect(figure.textContent).toContain('rows bought');
    }
    expect(figures[0]?.textContent).toContain('2.2× fewer rows');
  });

  test('names every table and the scope of every heading', () => {
    for (const found of all('table')) {
      expect(found.querySelector('caption')?.textContent).not.toBe('');
      expect([...found.querySelectorAll('th')].filter((heading) => !heading.getAttribute('scope'))).toEqual([]);
    }
  });

  test('leads with the rows saved and lists what differs between the runs', () => {
    expect(document.querySelector('.findings .lead')?.textContent).toBe(
      "loss reached random's final macro accuracy with 554 of 1,200 rows (x2.2 [1.8, 2.5])",
    );
    const differing = all('table').find((found) => found.textContent?.includes('What differs between the runs'));
    expect([...(differing?.querySelectorAll('tbody th') ?? [])].map((heading) => heading.textContent)).toEqual([
      'seed',
      'strategy.score',
      'strategy.select',
      'strategy.name',
    ]);
  });

  test('follows the reader between light and dark', () => expect(page).toContain('prefers-color-scheme: dark'));
});

test('settings that cannot be compared are drawn apart, their arms named by the strategy alone', () => {
  const runs = ['chains', 'proofs'].flatMap((task) =>
    demoExperiment().map(({ labels, record }) => {
      const run = `demo/${task}-${labels.strategy}-${labels.seed}`;
      return { run, labels: { 'task.kind': task, ...labels }, record: record && { ...record, run } };
    }),
  );
  const apart = parseHTML(renderReport(experimentResults('demo', runs))).document;
  const curves = [...apart.querySelectorAll('#curves ~ .figures figure')];
  expect(curves.map(({ id }) => id)).toEqual([
    'curve-macro-kind-chains',
    'curve-overall-kind-chains',
    'curve-macro-kind-proofs',
    'curve-overall-kind-proofs',
  ]);
  expect(curves[2]?.querySelector('desc')?.textContent).toMatch(
    /^random goes from [^.]*\.\d+ at 0 rows.*loss goes from/,
  );
  expect(curves[2]?.querySelector('figcaption')?.textContent).toContain('kind=proofs');
});

test('text from outside cannot act in the page', () => {
  const hostile = '<img src=x onerror="alert(1)"></script><script>alert(2)</script>';
  const record = demoRecord('loss', 1);
  const relabel = ({ strata, ...rest }: typeof record.baseEvaluation) => ({
    ...rest,
    strata: Object.fromEntries(Object.values(strata).map((tally, index) => [`${hostile}${index}`, tally])),
  });
  const text = renderReport(
    runResults({
      ...record,
      run: hostile,
      endedBecause: hostile,
      baseEvaluation: relabel(record.baseEvaluation),
      iterations: record.iterations.map((entry) => ({ ...entry, evaluation: relabel(entry.evaluation) })),
    }),
  );
  const parsed = parseHTML(text).document;
  expect([...parsed.querySelectorAll('img')]).toEqual([]);
  expect([...parsed.querySelectorAll('script')]).toHaveLength(2);
  expect(text).not.toContain('<img');
});

test.each([
  ['a run that has only evaluated its base', () => runResults(demoRecord('loss', 1, 0))],
  ['an experiment of which one run has begun', () => experimentResults('demo', demoExperiment().map((run, index) => (index === 0 ? run : { ...run, record: null })))], // biome-ignore format: a case
  ['an experiment of which no run has begun', () => experimentResults('demo', demoExperiment().map((run) => ({ ...run, record: null })))], // biome-ignore format: a case
  ['a run on a task without strata', () => runResults(withoutStrata())],
])('%s has a report too', (_, young) => expect(renderReport(young())).toMatch(/<\/html>\n$/));

function withoutStrata() {
  const record = demoRecord('loss', 1);
  const iterations = record.iterations.map((entry) => ({ ...entry, evaluation: { ...entry.evaluation, strata: {} } }));
  return { ...record, baseEvaluation: { ...record.baseEvaluation, strata: {} }, iterations };
}
