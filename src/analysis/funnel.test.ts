import { demoRecord } from '../../test/support/run-records';
import { renderReport } from './report/report';
import { runResults } from './results';
import { runResultsSchema } from './results-schema';
import { summaryLines } from './summary';

const funnel = { asked: 312, answered: 311, parsed: 308, new: 303, clean: 302, verified: 300, accepted: 300 };
const reasons = { 'duplicate: near row …': 5, 'answer: not a working of …': 3, 'leak: the same as test question …': 1 };
const plain = demoRecord('loss', 1, 2);
const counted = { ...plain, iterations: plain.iterations.map((entry) => ({ ...entry, funnel, reasons })) };
const summaryOf = (record: typeof plain) =>
  summaryLines(runResults(record), { reportPath: 'report.html', next: 'tutelage report demo' });

test('the summary of a run counts what passed each stage in every iteration, and the reasons of what did not', () => {
  const lines = summaryOf(counted);
  const start = lines.findIndex((line) => line.startsWith('iteration    asked'));
  expect(lines.slice(start, start + 8).join('\n')).toMatchInlineSnapshot(`
"iteration    asked answered   parsed      new    clean verified accepted
1              312      311      308      303      302      300      300
2              312      311      308      303      302      300      300
rejected
      10  duplicate: near row …
       6  answer: not a working of …
       2  leak: the same as test question …
"
`);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
});

test('the report has the same table, and results.json the same numbers', () => {
  const results = runResults(counted);
  expect(runResultsSchema.parse(results).iterations[0]).toMatchObject({ funnel, reasons });
  const page = renderReport(results);
  expect(page).toContain('From picks to rows');
  expect(page).toContain('duplicate: near row …');
});

test('records of versions that counted nothing show no funnel', () => {
  expect(summaryOf(plain).join('\n')).not.toContain('answered');
  expect(renderReport(runResults(plain))).not.toContain('From picks to rows');
});

test('valid proofs stand beside the accuracy, overall and by stratum', () => {
  const proven = { correct: 9, wellFormed: 10, answered: 10, total: 10, proof: 7 };
  const evaluation = { ...plain.baseEvaluation, overall: proven, strata: { 'hops-3': proven } };
  const record = { ...plain, baseEvaluation: evaluation, iterations: [] };
  expect(runResults(record).curve[0]).toMatchObject({ overall: { proof: 7 }, strata: { 'hops-3': { proof: 7 } } });
  expect(summaryOf(record).join('\n')).toMatch(/valid proofs\n0 .* 7 of 10/);
});
