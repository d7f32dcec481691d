import { count, plural } from '../phrases';
import type { ExperimentResults } from '../results-schema';
import { type Html, html } from './html';

/** What to know before trusting a comparison. */
export function fairnessNotes({ fairness, comparisons, analyses }: ExperimentResults): Html {
  const { varied, recipeIsEqual, budgetIsEqual, shortfalls } = fairness;
  const unequal = comparisons.filter(({ equalRows }) => !equalRows);
  const lines = [
    shortfalls.length === 0
      ? 'Every iteration of every run accepted all the rows that were wanted.'
      : `${plural(shortfalls.length, 'iteration')} accepted fewer rows than wanted: ${shortfalls
          .slice(0, 8)
          .map((one) => `${one.run} ${one.iteration} (${count(one.accepted)} of ${count(one.wanted)})`)
          .join(', ')}${shortfalls.length > 8 ? ', ...' : ''}.`,
    recipeIsEqual ? 'The finetuning recipe is the same in every run.' : 'The finetuning recipe differs between runs.',
    budgetIsEqual ? 'The caps are the same in every run.' : 'The caps differ between runs.',
    unequal.length === 0
      ? 'Every comparison is made at equal rows and paired by random seed: same pool, test sets, base student and random streams.'
      : `Runs of ${[...new Set(unequal.map(({ arm }) => arm))].join(', ')} have other numbers of rows than their baseline in some iterations: they are compared at equal rows, interpolated between iterations.`,
    ...analyses.overlaps.map(
      ({ arm, other, share }) =>
        `${arm} and ${other} share ${(100 * share).toFixed(0)} % of their picks: what differs between them is hardly the selection.`,
    ),
    varied.length === 0
      ? 'Nothing differs between the runs.'
      : html`The runs differ in ${varied.map((path) => html`<code>${path}</code> `)}only.`,
  ];
  return html`<ul class="plain">${lines.map((line) => html`<li>${line}</li>`)}</ul>`;
}
