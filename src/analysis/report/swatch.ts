import { type Html, html } from './html';

export const swatch = (colour: string | undefined): Html =>
  html`<span class="swatch" style="background:${colour ?? 'currentColor'}"></span>`;
