import { count } from '../../analysis/phrases';
import { type Html, html, trusted } from '../../analysis/report/html';
import { terminalSafe } from '../terminal-safe';

/** What is common to pages that list more than a page can hold. Everything that they are asked is in their address. */

const PAGE_SIZE = 50;

/** Of a text that was typed. */
const TYPED_MAX = 200;

/** An address: its path, and what it asks. */
export interface Asked {
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Of a list, what is shown on the page that was asked for; a page that there is not is the nearest one. */
export function pageOf<T>(items: readonly T[], query: URLSearchParams) {
  const pages = Math.max(1, Math.ceil(items.length / PAGE_SIZE));
  const page = Math.min(pages, Math.max(1, wholeOf(query.get('page')) ?? 1));
  return { page, pages, shown: items.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE) };
}

/** What was typed in a field. */
export const typedIn = (query: URLSearchParams, name: string): string => (query.get(name) ?? '').slice(0, TYPED_MAX);

/** `null` where nothing was typed, or something else. */
export function numberIn(query: URLSearchParams, name: string): number | null {
  const text = typedIn(query, name).trim();
  const value = Number(text);
  return text === '' || !Number.isFinite(value) ? null : value;
}

export function wholeOf(text: string | null): number | null {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null;
}

/** The same address with some of what it asks replaced; `null` asks it no longer. */
export function addressWith({ path, query }: Asked, changes: Readonly<Record<string, string | null>>): string {
  const changed = new URLSearchParams([...query].filter(([, value]) => value !== ''));
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') {
      changed.delete(name);
    } else {
      changed.set(name, value);
    }
  }
  return changed.size === 0 ? path : `${path}?${changed}`;
}

/** Links to the page before and after; nothing where all is on one page. */
export function pager(asked: Asked, page: number, pages: number): Html | null {
  const link = (to: number, text: string, key: string) =>
    to < 1 || to > pages
      ? html`<span class="soft">${text}</span>`
      : html`<a href="${addressWith(asked, { page: String(to) })}" data-key="${key}">${text}</a>`;
  return pages === 1
    ? null
    : html`<nav class="pager" aria-label="Pages">${link(page - 1, '← Earlier', 'ArrowLeft')} <span>page ${count(page)} of ${count(pages)}</span> ${link(page + 1, 'Later →', 'ArrowRight')}</nav>`;
}

/** A heading that sorts: first with the largest at the top, at a second click turned round. */
export function sortHeading(asked: Asked, name: string, title: string): Html {
  const isCurrent = asked.query.get('sort') === name;
  const isDown = asked.query.get('order') !== 'up';
  const address = addressWith(asked, { sort: name, order: isCurrent && isDown ? 'up' : 'down', page: null });
  return html`<a href="${address}">${title}</a>${isCurrent ? (isDown ? ' ↓' : ' ↑') : null}`;
}

/** What a list is sorted by: in order where it does not say; without a number an item comes last. */
export function sorted<T>(
  items: readonly T[],
  query: URLSearchParams,
  values: Readonly<Record<string, (item: T) => number | string | null>>,
): readonly T[] {
  const name = query.get('sort') ?? '';
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined) {
    return items;
  }
  const turn = query.get('order') === 'up' ? 1 : -1;
  return items.toSorted((left, right) => {
    const [a, b] = [value(left), value(right)];
    if (a === null || b === null) {
      return Number(a === null) - Number(b === null);
    }
    return a === b ? 0 : turn * (a < b ? -1 : 1);
  });
}

/**
 * Remembers the last answer about a list. A page that is open asks the same again and again, and so does each step through
 * what was found; a list that was read again is another.
 */
export function rememberLast<T, Found>(
  find: (all: readonly T[], query: URLSearchParams) => Found,
): (all: readonly T[], query: URLSearchParams) => Found {
  const last = new WeakMap<readonly T[], { readonly asked: string; readonly found: Found }>();
  return (all, query) => {
    const filters = new URLSearchParams([...query].filter(([name]) => !opening.has(name)));
    const asked = filters.toString();
    const known = last.get(all);
    const current = known?.asked === asked ? known : { asked, found: find(all, filters) };
    last.set(all, current);
    return current.found;
  };
}

/** What chooses among the items that were found, and not which are. */
const opening: ReadonlySet<string> = new Set(['page', 'pick', 'of', 'question']);

export const field = (asked: Asked, name: string, title: string, kind: 'search' | 'number' = 'search'): Html =>
  html`<label>${title} <input type="${kind}"${kind === 'number' ? trusted(' step="any"') : null} name="${name}" value="${typedIn(asked.query, name)}"></label> `;

/** @param choices a value alone, or with its title; the empty value is no filter */
export function choice(
  name: string,
  title: string,
  current: string,
  choices: readonly (string | readonly [value: string, title: string])[],
): Html {
  const known = choices.map((one) => (typeof one === 'string' ? ([one, one] as const) : one));
  // A filter by what no item has is in force all the same, and the form says so.
  const all = known.some(([value]) => value === current) ? known : [...known, [current, current] as const];
  const options = all.map(([value, text]) => {
    return html`<option value="${value}"${value === current ? trusted(' selected') : null}>${shownText(text)}</option>`;
  });
  return html`<label>${title} <select name="${name}">${options}</select></label> `;
}

/** Choices of a filter, with the one that does not filter. */
export const orAny = (values: readonly string[]) => [['', 'any'] as const, ...values];

/** A form whose fields go into the address; how the list is sorted stays. */
export function filterForm({ path, query }: Asked, fields: readonly Html[]): Html {
  const kept = ['sort', 'order'].map((name) =>
    query.has(name) ? html`<input type="hidden" name="${name}" value="${typedIn(query, name)}">` : null,
  );
  return html`<form class="filters" role="search" action="${path}" method="get">${fields}${kept}<button>Filter</button> <a href="${path}">Show all</a></form>`;
}

/** Of a text from outside: what could turn or hide other text is written out, as in the terminal. */
export const shownText = (text: string): string => terminalSafe(text);

/** The start of a text, in one line. */
export function shortText(text: string | null, length = 110): string {
  const line = (text ?? '')
    .slice(0, 4 * length)
    .replace(/\s+/g, ' ')
    .trim();
  return shownText(line.length > length ? `${line.slice(0, length - 1)}…` : line);
}

/** The start of a text, as a cell of a list. */
export const sampleText = (text: string | null): Html => html`<div class="sample" dir="auto">${shortText(text)}</div>`;

/** More of one text is not laid out by a browser in a moment; all of it is at the address with `.json`. */
const TEXT_MAX = 50_000;

/** A whole text from outside, in its own direction, with its line breaks. */
export function longText(text: string): Html {
  const rest = text.length - TEXT_MAX;
  return html`<div class="whole" dir="auto">${shownText(text.slice(0, TEXT_MAX))}</div>${rest > 0 ? html`<p class="note">and ${count(rest)} more characters; all of them are in the JSON of this page</p>` : null}`;
}

/** Texts with their headings; those that there are not are left out. */
export const longTexts = (texts: readonly (readonly [title: string, text: string | null])[]): Html =>
  html`${texts.map(([title, text]) => (text === null || text === '' ? null : html`<h2 class="whole">${title}</h2>${longText(text)}`))}`;

/** Short facts with their names; those that there are not are left out. */
export const facts = (all: readonly (readonly [term: string, fact: Html | string | null])[]): Html =>
  html`<dl class="facts">${all.map(([term, fact]) => (fact === null || fact === '' ? null : html`<div><dt>${term}</dt><dd>${fact}</dd></div>`))}</dl>`;

/**
 * To the item before and after in the list that the reader came from, and back to it.
 *
 * @param at the place of the open item in the list; -1 where the filters leave it out
 */
export function stepper<T>(
  found: readonly T[],
  at: number,
  { addressOf, back }: { readonly addressOf: (item: T) => string; readonly back: string },
): Html {
  const link = (href: string, text: string, key: string) => html`<a href="${href}" data-key="${key}">${text}</a>`;
  const step = (to: number, text: string, key: string) => {
    const item = at < 0 ? undefined : found[to];
    return item === undefined ? html`<span class="soft">${text}</span>` : link(addressOf(item), text, key);
  };
  const place = at < 0 ? 'not in the filtered list' : `${count(at + 1)} of ${count(found.length)}`;
  return html`<nav class="pager" aria-label="Steps through the list">${step(at - 1, '← Before', 'ArrowLeft')} <span>${place}</span> ${step(at + 1, 'Next →', 'ArrowRight')} ${link(back, 'Back to the list', 'Escape')}</nav>`;
}
