/** Markup that may be put into a page as it is. Only `html` and `trusted` make it. */
export interface Html {
  readonly markup: string;
}

type Part = string | number | Html | null | readonly Part[];

/** Builds markup; every text put into it is escaped, so nothing that a model or a file says can act in the page. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return {
    markup: strings.map((text, index) => (index === 0 ? '' : render(parts[index - 1] ?? null)) + text).join(''),
  };
}

/** For markup made by code of ours, such as a figure. Never for text from outside. */
export const trusted = (markup: string): Html => ({ markup });

/** A small square in the colour of a line or bar. */
export const swatch = (colour: string | undefined): Html =>
  html`<span class="swatch" style="background:${colour ?? 'currentColor'}"></span>`;

function render(part: Part): string {
  if (part === null) {
    return '';
  }
  if (typeof part === 'string' || typeof part === 'number') {
    return escapeText(String(part));
  }
  return 'markup' in part ? part.markup : part.map(render).join('');
}

function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
