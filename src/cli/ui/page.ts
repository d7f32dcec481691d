import { type Html, html, trusted } from '../../analysis/report/html';
import { style } from '../../analysis/report/style';

/** What the pages add to the report's style. */
const ownStyle = `
nav { font-size: .9rem; margin-bottom: 1.2rem; overflow-wrap: anywhere; }
a { color: var(--arm-1); }
.state { white-space: nowrap; } .state::before { content: ''; display: inline-block; width: .6em; height: .6em; border-radius: 50%; margin-right: .5em; background: var(--soft); }
.state.running::before, .state.complete::before { background: var(--good); } .state.failed::before { background: var(--bad); } .state.waiting::before, .state.paused::before, .state.interrupted::before { background: var(--arm-2); }
.reason { display: block; color: var(--soft); font-size: .86em; max-width: 44ch; overflow-wrap: anywhere; }
tbody th { overflow-wrap: anywhere; min-width: 9rem; }
dl.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr)); gap: .4rem 1.5rem; margin: 1rem 0; }
dl.facts dd { white-space: normal; font: inherit; }
progress { width: 100%; height: .5rem; accent-color: var(--arm-1); }
p.problem { border-left: 3px solid var(--bad); padding-left: .8rem; overflow-wrap: anywhere; white-space: pre-wrap; }
thead a { color: inherit; }
.sample { display: block; min-width: 12rem; max-width: 26rem; overflow-wrap: anywhere; }
#list tbody th { min-width: 4.5rem; } #list td { min-width: 5rem; }
input[type=number] { font: inherit; font-size: .85rem; color: var(--ink); background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .25rem .6rem; width: 6rem; }
.whole { overflow-wrap: anywhere; } div.whole { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; white-space: pre-wrap; unicode-bidi: isolate; }
h2.whole { border: 0; font-size: 1.05rem; margin: 1.4rem 0 .4rem; padding: 0; }
.pager { display: flex; flex-wrap: wrap; gap: .4rem 1.4rem; margin: 1rem 0; }
.sides { display: grid; gap: 0 1.5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); } .sides > section { min-width: 0; }
.changes a { margin-right: 1rem; white-space: nowrap; }
.filters { margin: 1rem 0; } .filters select { max-width: 16rem; }
@media (max-width: 600px) { body { padding: 1.2rem .9rem 3rem; } h1 { font-size: 1.7rem; } }
`;

export interface Page {
  readonly title: string;
  /** From the workspace to this page, as links. */
  readonly trail: Html | null;
  readonly body: Html;
  /** What is replaced while the page is open, by the id that it has in the body. */
  readonly parts: ReadonlyMap<string, Html>;
}

/** Where a part of a page stands in its body. */
export const part = (id: string, content: Html): Html => html`<div id="${id}">${content}</div>`;

export function renderPage({ title, trail, body }: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · tutelage</title>
<style>${trusted(style)}${trusted(ownStyle)}</style>
<script src="/live.js" defer></script>
</head>
<body>
${trail && html`<nav aria-label="Where you are"><a href="/">Workspace</a>${trail}</nav>`}
<header><h1>${title}</h1></header>
<main>
${body}
</main>
</body>
</html>
`.markup;
}

/** The address of a run or an experiment. */
export const runAddressOf = (name: string): string => `/runs/${pathOf(name)}`;

const pathOf = (name: string): string => name.split('/').map(encodeURIComponent).join('/');

/** The rows of a run. */
export const rowsAddressOf = (name: string): string => `/rows/${pathOf(name)}`;

/** The test answers of a run. */
export const answersAddressOf = (name: string): string => `/answers/${pathOf(name)}`;

/** The way from the workspace to a page of a run. */
export const trailTo = (run: string, page: Html | string): Html =>
  html` › <a href="${runAddressOf(run)}">${run}</a> › ${page}`;
