import { type AnswerPair, answerChanges } from '../../analysis/data/load-answer-pairs';
import { count, plural } from '../../analysis/phrases';
import { type Html, html } from '../../analysis/report/html';
import { table } from '../../analysis/report/tables';
import type { EvaluatedAnswer } from '../../core/records';
import {
  type Asked,
  addressWith,
  choice,
  facts,
  field,
  filterForm,
  longText,
  longTexts,
  orAny,
  pageOf,
  pager,
  rememberLast,
  sampleText,
  shortText,
  shownText,
  sorted,
  sortHeading,
  stepper,
  typedIn,
  wholeOf,
} from './listing';
import { answersAddressOf, type Page, part, rowsAddressOf, trailTo } from './page';
import type { ComparedAnswers, Evaluation, WantedAnswers } from './samples';

/** What the address of the page finds. */
export interface FoundAnswers {
  readonly run: string;
  readonly compared: ComparedAnswers;
  readonly all: readonly AnswerPair[];
  readonly found: readonly AnswerPair[];
  readonly open: { readonly pair: AnswerPair; readonly at: number } | null;
}

/** Which two evaluations an address compares. */
export const wantedAnswers = (run: string, query: URLSearchParams): WantedAnswers => ({
  against: query.get('against') || run,
  before: wholeOf(query.get('before')),
  after: wholeOf(query.get('after')),
});

/** @returns `null` where the address names a question that there is not */
export function findAnswers(run: string, compared: ComparedAnswers, query: URLSearchParams): FoundAnswers | null {
  const all = compared.pairs ?? [];
  const found = filteredAnswers(all, query);
  const id = query.get('question');
  if (id === null) {
    return { run, compared, all, found, open: null };
  }
  const pair = all.find((one) => one.id === id && one.set === query.get('of'));
  return pair === undefined ? null : { run, compared, all, found, open: { pair, at: found.indexOf(pair) } };
}

const filteredAnswers = rememberLast((all: readonly AnswerPair[], query) =>
  sorted(all.filter(filterOf(query)), query, {
    change: ({ change }) => change,
    stratum: ({ stratum }) => stratum,
    question: ({ id }) => id,
  }),
);

function filterOf(query: URLSearchParams): (pair: AnswerPair) => boolean {
  const text = typedIn(query, 'q').toLowerCase();
  const [set, change, stratum] = [query.get('set'), query.get('change'), query.get('stratum')];
  return (pair) =>
    (!set || pair.set === set) &&
    (!change || pair.change === change) &&
    (!stratum || pair.stratum === stratum) &&
    (text === '' ||
      [pair.question, pair.id, pair.before.text, pair.after.text].some((one) => one.toLowerCase().includes(text)));
}

/** @param siblings the runs that may be compared with this one, itself first */
export function answersPage(found: FoundAnswers, query: URLSearchParams, siblings: readonly string[]): Page {
  const asked = { path: answersAddressOf(found.run), query };
  return found.open === null ? listPage(found, asked, siblings) : answerPage(found, found.open, asked);
}

function listPage(answers: FoundAnswers, asked: Asked, siblings: readonly string[]): Page {
  const { run, compared, all, found } = answers;
  const { page, pages, shown } = pageOf(found, asked.query);
  const { before, after } = titlesOf(run, compared);
  const list =
    compared.pairs === null
      ? html`<p class="problem">The answers of these evaluations are not in this workspace.</p>`
      : html`${changesLine(answers, asked)}${table({
          caption: `${count(found.length)} of ${plural(all.length, 'test question')}`,
          columns: [
            [sortHeading(asked, 'question', 'question')],
            ['reference'],
            [before],
            [after],
            [sortHeading(asked, 'change', 'change')],
            [sortHeading(asked, 'stratum', 'stratum')],
          ],
          rows: shown.map((pair) => [
            html`<a href="${addressOf(asked, pair)}"><span class="sample" dir="auto">${shortText(pair.question || pair.id)}</span></a>`,
            sampleText(pair.reference),
            answerCell(pair.before),
            answerCell(pair.after),
            changeOf(pair),
            shownText(pair.stratum),
          ]),
        })}${pager(asked, page, pages)}`;
  const body = html`<p class="soft">The same test questions, answered by two students. <a href="${rowsAddressOf(run)}">Rows</a></p>
${filters(answers, asked, siblings)}${part('list', list)}`;
  return {
    title: `Test answers of ${run}`,
    trail: trailTo(run, 'test answers'),
    body,
    parts: new Map([['list', list]]),
  };
}

/** How many of each kind, over the chosen set and stratum; each is a filter. */
function changesLine({ all }: FoundAnswers, asked: Asked): Html {
  const scope = new URLSearchParams(asked.query);
  scope.delete('change');
  const inScope = all.filter(filterOf(scope));
  const links = answerChanges.map((change) => {
    const amount = inScope.filter((pair) => pair.change === change).length;
    return amount === 0
      ? null
      : html`<a href="${addressWith(asked, { change, page: null })}">${count(amount)} ${change}</a> `;
  });
  return html`<p class="changes">${links}</p>`;
}

const addressOf = (asked: Asked, { set, id }: AnswerPair) => addressWith(asked, { of: set, question: id, page: null });

function filters({ compared, all }: FoundAnswers, asked: Asked, siblings: readonly string[]): Html {
  const { query } = asked;
  const different = (of: (pair: AnswerPair) => string) => [...new Set(all.map(of))].sort();
  const iterations = ({ last }: Evaluation) =>
    Array.from({ length: last + 1 }, (_, index) => [String(index), index === 0 ? 'base' : String(index)] as const);
  return filterForm(asked, [
    choice('after', 'Iteration', String(compared.after.iteration), iterations(compared.after)),
    choice('against', 'against', compared.before.run, siblings),
    choice('before', 'at', String(compared.before.iteration), iterations(compared.before)),
    choice('change', 'Change', query.get('change') ?? '', orAny(answerChanges)),
    choice('set', 'Test set', query.get('set') ?? '', orAny(different(({ set }) => set))),
    choice('stratum', 'Stratum', query.get('stratum') ?? '', orAny(different(({ stratum }) => stratum))),
    field(asked, 'q', 'Text'),
  ]);
}

function answerPage(
  { run, compared, found }: FoundAnswers,
  { pair, at }: NonNullable<FoundAnswers['open']>,
  asked: Asked,
): Page {
  const steps = stepper(found, at, {
    addressOf: (other) => addressOf(asked, other),
    back: addressWith(asked, { of: null, question: null }),
  });
  const titles = titlesOf(run, compared);
  const side = (title: string, answer: EvaluatedAnswer) =>
    html`<section><h2 class="whole">${title}: ${verdictOf(answer)}</h2>${facts([
      ['Read as', answer.readAs == null ? null : shortText(answer.readAs)],
      ['Score', answer.score === undefined ? null : String(Number(answer.score.toPrecision(4)))],
      ['Reason', answer.reason === undefined ? null : shortText(answer.reason, 300)],
      ['The judge', answer.grade?.words === undefined ? null : shortText(answer.grade.words, 1000)],
      ['Proof', answer.proof ?? null],
    ])}${answer.text === '' ? html`<p class="soft">no answer</p>` : longText(answer.text)}</section>`;
  return {
    title: `Test question ${shortText(pair.id, 60)}`,
    trail: trailTo(run, html`<a href="${answersAddressOf(run)}">test answers</a>`),
    body: html`${steps}${facts([
      ['Change', changeOf(pair)],
      ['Test set', pair.set],
      [
        'Stratum',
        html`<a href="${addressWith({ path: rowsAddressOf(run), query: new URLSearchParams() }, { stratum: pair.stratum })}">${shownText(pair.stratum)}</a> (its rows)`,
      ],
    ])}${longTexts([
      ['Question', pair.question],
      ['Reference answer', pair.reference],
    ])}<div class="sides">${side(titles.before, pair.before)}${side(titles.after, pair.after)}</div>
<p class="note"><a href="${addressOf({ ...asked, path: `${asked.path}.json` }, pair)}">This question as JSON</a></p>`,
    parts: new Map(),
  };
}

function titlesOf(run: string, { before, after }: ComparedAnswers): { before: string; after: string } {
  const title = (one: Evaluation) => {
    const student = one.iteration === 0 ? 'base student' : `iteration ${one.iteration}`;
    return one.run === run && before.run === run ? student : `${one.run}, ${student}`;
  };
  return { before: title(before), after: title(after) };
}

const answerCell = (answer: EvaluatedAnswer) => html`${verdictOf(answer)} ${sampleText(answer.text)}`;

function verdictOf({ verdict, correct }: EvaluatedAnswer): Html {
  const state = verdict ?? (correct ? 'correct' : 'wrong');
  return html`<span class="${state === 'correct' ? 'above' : state === 'unmeasured' ? 'soft' : 'below'}">${state}</span>`;
}

const changeClass: Readonly<Record<AnswerPair['change'], string>> = {
  fixed: 'above',
  broken: 'below',
  'still wrong': 'soft',
  'still right': 'soft',
  'not measured': 'soft',
};

const changeOf = ({ change }: AnswerPair) => html`<span class="${changeClass[change]}">${change}</span>`;

/** One question, or a page of them. */
export function answersJson({ run, compared, all, found, open }: FoundAnswers, query: URLSearchParams): object {
  if (open !== null) {
    return open.pair;
  }
  const { page, pages, shown } = pageOf(found, query);
  const evaluation = ({ run: of, iteration }: Evaluation) => ({ run: of, iteration });
  return {
    run,
    before: evaluation(compared.before),
    after: evaluation(compared.after),
    all: all.length,
    found: found.length,
    page,
    pages,
    answers: shown,
  };
}
