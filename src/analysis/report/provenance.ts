import { flatten } from '../fairness';
import type { ExperimentRun } from '../results-schema';
import { type Html, html } from './html';
import { table } from './tables';

type AnyRun = Omit<ExperimentRun, 'kind'>;

/** The configuration: first what differs between the runs, which is what is compared; then what they share. */
export function configTables(runs: readonly AnyRun[]): Html {
  const flat = runs.map(({ config }) => flatten(config));
  const paths = [...new Set(flat.flatMap((one) => [...one.keys()]))];
  const valuesOf = (path: string) => [...new Set(flat.map((one) => one.get(path) ?? 'not set'))];
  const differing = paths.filter((path) => valuesOf(path).length > 1);
  const shared = paths.filter((path) => valuesOf(path).length === 1);
  const row = (path: string) => [html`<code>${path}</code>`, html`<code>${valuesOf(path).join(', ')}</code>`];
  const sharedTable = table({
    caption: 'The same in every run.',
    columns: [['key'], ['value']],
    rows: shared.map(row),
  });
  return html`${differing.length === 0 ? null : table({ caption: 'What differs between the runs.', columns: [['key'], ['values']], rows: differing.map(row) })}
<details><summary>${runs.length === 1 ? 'The resolved configuration' : 'What all runs share'}</summary>${sharedTable}</details>`;
}

/** Hashes that identify selections, rows and students in the store and across runs. */
export function artifactTables(runs: readonly AnyRun[]): Html {
  return html`${runs.map(
    ({ run, configSha256, iterations }) => html`<details><summary>${run}</summary>
<p class="note">configuration ${short(configSha256)}</p>
${table({
  caption: `Artifacts of ${run}, by the first 12 digits of their sha256; hover for the whole hash.`,
  columns: [
    ['iteration'],
    ['asked', 'number'],
    ['accepted', 'number'],
    ['selection'],
    ['rows'],
    ['rejected'],
    ['student'],
    ['answers'],
  ],
  rows: iterations.map((one) => [
    String(one.iteration),
    String(one.asked),
    String(one.accepted),
    short(one.selection),
    short(one.rows),
    short(one.rejected),
    short(one.student.adapter ?? one.student.base),
    short(one.answers),
  ]),
})}</details>`,
  )}`;
}

const short = (sha256: string) => html`<code title="${sha256}">${sha256.slice(0, 12)}</code>`;
