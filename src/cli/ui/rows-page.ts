import type { RowLine } from '../../analysis/data/row-line';
import { count, plural } from '../../analysis/phrases';
import { type Html, html } from '../../analysis/report/html';
import { table } from '../../analysis/report/tables';
import { formatUsd } from '../../core/budget/price';
import {
  type Asked,
  addressWith,
  choice,
  facts,
  field,
  filterForm,
  longTexts,
  numberIn,
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

/** What the address of the page finds. */
export interface FoundRows {
  readonly run: string;
  readonly all: readonly RowLine[];
  readonly found: readonly RowLine[];
  /** The one that `pick` names, with its place among those found; -1 where the filters leave it out. */
  readonly open: { readonly line: RowLine; readonly at: number } | null;
}

/** A row is named by iteration and rank, which a killed and resumed run gives it again. */
const pickOf = ({ iteration, rank }: RowLine) => `${iteration}-${rank}`;

/** @returns `null` where the address names a row that there is not */
export function findRows(run: string, all: readonly RowLine[], query: URLSearchParams): FoundRows | null {
  const found = filteredRows(all, query);
  const pick = query.get('pick');
  if (pick === null) {
    return { run, all, found, open: null };
  }
  const line = all.find((one) => pickOf(one) === pick);
  return line === undefined ? null : { run, all, found, open: { line, at: found.indexOf(line) } };
}

const filteredRows = rememberLast((all: readonly RowLine[], query) =>
  sorted(all.filter(filterOf(query)), query, {
    score: ({ score }) => score,
    price: ({ usd, inputTokens, outputTokens }) => usd || tokensOf(inputTokens, outputTokens),
    verdict: ({ verdict }) => verdict,
    stratum: ({ parentStratum }) => parentStratum,
    pick: ({ iteration, rank }) => iteration * 1e9 + rank,
  }),
);

function filterOf(query: URLSearchParams): (line: RowLine) => boolean {
  const [text, verdict, stratum] = [typedIn(query, 'q').toLowerCase(), query.get('verdict'), query.get('stratum')];
  const iteration = wholeOf(query.get('iteration'));
  const [low, high] = [numberIn(query, 'low'), numberIn(query, 'high')];
  return (line) =>
    (iteration === null || line.iteration === iteration) &&
    (!verdict || line.verdict === verdict) &&
    (!stratum || line.parentStratum === stratum) &&
    (low === null || (line.score !== null && line.score >= low)) &&
    (high === null || (line.score !== null && line.score <= high)) &&
    (text === '' || textsOf(line).some((one) => one?.toLowerCase().includes(text)));
}

const textsOf = (line: RowLine) => [line.question, line.answer, line.parentQuestion, line.parent, line.verdictReason];

export function rowsPage(rows: FoundRows, query: URLSearchParams): Page {
  const asked = { path: rowsAddressOf(rows.run), query };
  return rows.open === null ? listPage(rows, asked) : rowPage(rows, rows.open, asked);
}

function listPage({ run, all, found }: FoundRows, asked: Asked): Page {
  const { query } = asked;
  const { page, pages, shown } = pageOf(found, query);
  const isPriced = all.some(({ usd }) => (usd ?? 0) > 0);
  const list = html`${table({
    caption:
      found.length === all.length
        ? plural(all.length, 'pick')
        : `${count(found.length)} of ${plural(all.length, 'pick')}`,
    columns: [
      [sortHeading(asked, 'pick', 'iteration, rank')],
      ['seed'],
      ['new question'],
      ['answer'],
      [sortHeading(asked, 'score', 'score'), 'number'],
      [sortHeading(asked, 'verdict', 'verdict')],
      [sortHeading(asked, 'stratum', 'stratum')],
      [sortHeading(asked, 'price', isPriced ? 'price' : 'tokens'), 'number'],
    ],
    rows: shown.map((line) => [
      html`<a href="${addressWith(asked, { pick: pickOf(line), page: null })}">${line.iteration}, ${line.rank}</a>`,
      sampleText(line.parentQuestion),
      sampleText(line.question),
      sampleText(line.answer),
      scoreText(line.score),
      verdictOf(line),
      shownText(line.parentStratum),
      isPriced ? priceText(line) : tokensText(line),
    ]),
  })}${pager(asked, page, pages)}`;
  const body = html`<p class="soft">Every seed that was picked and put to the teacher, with what became of it. <a href="${answersAddressOf(run)}">Test answers</a></p>
${filters(all, asked)}${part('list', list)}`;
  return { title: `Rows of ${run}`, trail: trailTo(run, 'rows'), body, parts: new Map([['list', list]]) };
}

function filters(all: readonly RowLine[], asked: Asked): Html {
  const { query } = asked;
  const different = <T>(of: (line: RowLine) => T) => [...new Set(all.map(of))];
  return filterForm(asked, [
    field(asked, 'q', 'Text'),
    choice(
      'iteration',
      'Iteration',
      query.get('iteration') ?? '',
      orAny(different(({ iteration }) => String(iteration))),
    ),
    choice('verdict', 'Verdict', query.get('verdict') ?? '', orAny(different(({ verdict }) => verdict).sort())),
    choice('stratum', 'Stratum', query.get('stratum') ?? '', orAny(different((line) => line.parentStratum).sort())),
    field(asked, 'low', 'Score from', 'number'),
    field(asked, 'high', 'to', 'number'),
  ]);
}

function rowPage({ run, found }: FoundRows, { line, at }: NonNullable<FoundRows['open']>, asked: Asked): Page {
  const steps = stepper(found, at, {
    addressOf: (other) => addressWith(asked, { pick: pickOf(other) }),
    back: addressWith(asked, { pick: null }),
  });
  const asJson = addressWith({ ...asked, path: `${asked.path}.json` }, { pick: pickOf(line) });
  const content = html`${facts([
    ['Verdict', verdictOf(line)],
    ['Why it was picked', `rank ${line.rank} of iteration ${line.iteration}, ${line.pickReason}`],
    ['Score', scoreText(line.score) || 'none'],
    ['Stratum of the seed', shownText(line.parentStratum)],
    [
      'Seed',
      html`<a href="${addressWith({ path: asked.path, query: new URLSearchParams() }, { q: line.parent })}">${shownText(line.parent)}</a>, ${line.askedBefore === 0 ? 'not asked before' : `asked before ${plural(line.askedBefore, 'time')}`}`,
    ],
    [
      'Price of its requests',
      [priceText(line), tokensText(line)].filter((text) => text !== '').join(', ') || 'not known',
    ],
    [
      'Loss of the student that picked it',
      line.loss === null || line.parentLoss === null
        ? null
        : `${scoreText(line.parentLoss)} on the seed, ${scoreText(line.loss)} on the row`,
    ],
    [
      'Requests',
      [line.questionRequest, line.answerRequest]
        .filter((hash) => hash !== null)
        .map((hash) => hash.slice(0, 16))
        .join(', '),
    ],
  ])}${longTexts([
    ["The seed's question", line.parentQuestion],
    ['Its reference answer', line.parentAnswer],
    ["The student's own answer to it", line.ownAnswer],
    ['New question', line.question],
    ["The teacher's answer", line.answer],
  ])}<p class="note"><a href="${asJson}">This row as JSON</a>; its whole lineage: <code>tutelage audit ${run} ${lineageOf(line)}</code></p>`;
  return {
    title: `Iteration ${line.iteration}, rank ${line.rank}`,
    trail: trailTo(run, html`<a href="${rowsAddressOf(run)}">rows</a>`),
    body: html`${steps}${content}`,
    parts: new Map(),
  };
}

/** How `audit` is asked about it: a row that was not accepted has no name, its seed has. */
const lineageOf = ({ id, parent }: RowLine) => (id === null ? `--seed ${shownText(parent)}` : `--row ${shownText(id)}`);

const verdictOf = ({ verdict, verdictReason }: RowLine) =>
  html`<span class="${verdict === 'accepted' ? 'above' : 'below'}">${verdict}</span>${verdictReason === null ? null : html`<span class="reason">${shortText(verdictReason)}</span>`}`;

const scoreText = (score: number | null) => (score === null ? '' : String(Number(score.toPrecision(4))));

const priceText = ({ usd }: RowLine) => (usd === null || usd === 0 ? '' : formatUsd(usd));

const tokensOf = (input: number | null, output: number | null) =>
  input === null || output === null ? null : input + output;

function tokensText({ inputTokens, outputTokens }: RowLine): string {
  const tokens = tokensOf(inputTokens, outputTokens);
  return tokens === null ? '' : plural(tokens, 'token');
}

/** One row, or a page of them. */
export function rowsJson({ run, all, found, open }: FoundRows, query: URLSearchParams): object {
  if (open !== null) {
    return open.line;
  }
  const { page, pages, shown } = pageOf(found, query);
  return { run, all: all.length, found: found.length, page, pages, rows: shown };
}
