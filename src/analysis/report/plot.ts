// The two packages are ESM only. Node loads them by `require`; jest has to transform them, so no other file imports them.
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { type Html, trusted } from './html';

export { Plot };

export interface Described {
  readonly title: string;
  /** The figure in words, for who cannot see it. */
  readonly description: string;
}

export type Colours = ReadonlyMap<string, string>;

export const symbols = ['square', 'circle', 'triangle', 'diamond', 'star', 'cross', 'wye'] as const;

const width = 560;
const fontSize = 13;

/** Draws to markup. A screen reader reads the title and the description and not a hundred tick marks. */
export function draw({ title, description }: Described, height: number, options: Plot.PlotOptions): Html {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const figure = Plot.plot({
    document,
    width,
    height,
    marginTop: 28,
    marginBottom: 46,
    marginLeft: 52,
    style: { fontSize: `${fontSize}px`, background: 'transparent' } as never,
    ...options,
  }) as unknown as ReturnType<typeof document.createElement>;
  // Plot names its groups by aria-label, which an element without a role may not have.
  for (const group of figure.querySelectorAll('[aria-label]')) {
    group.setAttribute('data-mark', group.getAttribute('aria-label') ?? '');
    group.removeAttribute('aria-label');
  }
  figure.setAttribute('role', 'img');
  figure.setAttribute('aria-label', `${title}. ${description}`);
  const titleElement = document.createElement('title');
  titleElement.textContent = title;
  const descriptionElement = document.createElement('desc');
  descriptionElement.textContent = description;
  figure.prepend(titleElement, descriptionElement);
  return trusted(figure.outerHTML);
}

/** The colour of a mark by the arm it belongs to. */
export const colourOf =
  (colours: Colours) =>
  ({ name }: { name: string }) =>
    colours.get(name) ?? 'currentColor';

export const shorten = (name: string, length = 24) => (name.length > length ? `${name.slice(0, length - 1)}…` : name);
