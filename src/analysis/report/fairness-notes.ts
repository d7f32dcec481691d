import type { ExperimentResults } from '../results-schema';
import { count, plural } from '../wording';
import { type Html, html } from './html';

/** What a reader must know before believing a comparison. */
export function fairnessNotes({ fairness, comparisons }: ExperimentResults): Html {
  const { varied, recipeIsEqual, budgetIsEqual, shortfalls } = fairness;
  const cut = comparisons.filter(({ equalRows }) => !equalRows);
  const lines = [
    shortfalls.length === 0
      ? 'Every run accepted as many rows in every iteration as were wanted.'
      : `${plural(shortfalls.length, 'iteration')} accepted fewer rows than were wanted: ${shortfalls
          .slice(0, 8)
          .map((one) => `${one.run} ${one.iteration} (${count(one.accepted)} of ${count(one.wanted)})`)
          .join(', ')}${shortfalls.length > 8 ? ', ...' : ''}.`,
    recipeIsEqual ? 'The finetuning recipe is the same in every run.' : 'The finetuning recipe differs between runs.',
    budgetIsEqual ? 'The caps are the same in every run.' : 'The caps differ between runs.',
    cut.length === 0
      ? 'Every comparison is made at equal rows and paired by random seed: same pool, test sets, base student and random streams.'
      : `Comparisons of ${[...new Set(cut.map(({ arm }) => arm))].join(', ')} end before the first iteration with unequal rows.`,
    varied.length === 0
      ? 'Nothing differs between the runs.'
      : html`The runs differ in ${varied.map((path) => html`<code>${path}</code> `)}and in nothing else.`,
  ];
  return html`<ul class="plain">${lines.map((line) => html`<li>${line}</li>`)}</ul>`;
}
