/** The page's whole style. Colours are variables, so that figures follow light and dark without being drawn twice. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #fcfbf8; --panel: #ffffff; --ink: #1c1e21; --soft: #5d6470; --line: #dedbd3; --wash: #f3f1ea;
  --arm-0: #6f7680; --arm-1: #1d5fbf; --arm-2: #c2570c; --arm-3: #14795a; --arm-4: #8a3fa8; --arm-5: #a8324a; --arm-6: #7a6a00;
  --good: #14663f; --bad: #a8324a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14161a; --panel: #1b1e23; --ink: #e8e6e1; --soft: #a3a9b4; --line: #343941; --wash: #22262c;
    --arm-0: #9aa1ac; --arm-1: #74aaff; --arm-2: #ffa35c; --arm-3: #5fd0a5; --arm-4: #d59bf0; --arm-5: #ff8fa3; --arm-6: #d9c54a;
    --good: #6fd6a2; --bad: #ff8fa3;
  }
}
* { box-sizing: border-box; }
html { background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
body { margin: 0 auto; max-width: 1180px; padding: 3rem 1.5rem 5rem; }
header p.eyebrow { margin: 0; color: var(--soft); font-size: .8rem; letter-spacing: .09em; text-transform: uppercase; }
h1, h2 { font-family: Charter, "Iowan Old Style", "Palatino Linotype", Georgia, serif; font-weight: 600; line-height: 1.2; text-wrap: balance; }
h1 { font-size: 2.5rem; margin: .2rem 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.45rem; margin: 3.25rem 0 .5rem; padding-top: 1.1rem; border-top: 1px solid var(--line); }
p { max-width: 72ch; }
.soft { color: var(--soft); }
p.note { color: var(--soft); font-size: .9rem; margin: .4rem 0 1rem; }
.findings { margin-top: 1.6rem; display: grid; gap: 1.2rem 2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); }
.findings > .lead:first-child, .findings > ul { max-width: 80ch; grid-column: 1 / -1; }
.findings h2 { border: 0; margin: 0 0 .3rem; padding: 0; font-size: 1.1rem; color: var(--soft); }
.findings .lead { margin: 0; border-left: 3px solid var(--arm-1); font: 600 1.25rem/1.35 Charter, "Iowan Old Style", Georgia, serif; padding: .3rem 0 .4rem 1rem; }
.findings ul { list-style: none; margin: 0; padding: 0; }
.findings li { padding: .35rem 0 .35rem 1.1rem; border-left: 3px solid var(--line); }
.figures { display: grid; gap: 1.25rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); margin-top: 1rem; }
figure { margin: 0; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.1rem .9rem; min-width: 0; }
figure.wide { margin-top: 1rem; }
figcaption { font-size: .88rem; color: var(--soft); margin-bottom: .4rem; }
figcaption strong { display: block; color: var(--ink); font-size: 1.02rem; }
figure svg { height: auto; overflow: visible; }
details { margin-top: .6rem; font-size: .9rem; }
summary { cursor: pointer; color: var(--soft); }
summary:hover, summary:focus-visible { color: var(--ink); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; width: 100%; }
caption { text-align: left; color: var(--soft); font-size: .88rem; padding: .3rem 0 .5rem; }
caption span { display: block; position: sticky; left: 0; max-width: min(100%, calc(100vw - 3rem)); }
.scroll + .scroll { margin-top: 2rem; }
th, td { text-align: left; padding: .42rem 1.1rem .42rem 0; vertical-align: baseline; border-bottom: 1px solid var(--line); }
thead th { font-weight: 600; font-size: .82rem; color: var(--soft); border-bottom-color: var(--soft); vertical-align: bottom; }
tbody th { font-weight: 500; }
tr > :last-child { padding-right: 0; }
td.number, th.number { text-align: right; white-space: nowrap; }
tbody tr:hover { background: var(--wash); }
tfoot th, tfoot td { font-weight: 600; border-bottom: 0; border-top: 1px solid var(--soft); }
.interval { color: var(--soft); font-size: .85em; white-space: nowrap; }
.arm { white-space: nowrap; }
.swatch { display: inline-block; width: .7em; height: .7em; border-radius: 50%; margin-right: .5em; }
.above { color: var(--good); } .below { color: var(--bad); }
code { font: .86em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
fieldset.axis { border: 0; margin: .6rem 0 0; padding: 0; font-size: .9rem; color: var(--soft); }
fieldset.axis legend { float: left; padding: 0 1rem 0 0; }
fieldset.axis label { margin-right: 1rem; white-space: nowrap; }
.by-tokens, .by-usd, .by-seconds { display: none; }
main:has(input[value=tokens]:checked) .by-tokens, main:has(input[value=usd]:checked) .by-usd, main:has(input[value=seconds]:checked) .by-seconds { display: block; }
main:has(input[name=axis]:not([value=rows]):checked) .by-rows { display: none; }
figure svg { display: block; max-width: 100%; margin: 0 auto; }
@media (max-width: 600px) { .drawing { overflow-x: auto; } .drawing svg { max-width: none; margin: 0; } }
p.save { margin: .5rem 0 0; display: flex; gap: .6rem; }
button, select, input[type=search] { font: inherit; font-size: .85rem; color: var(--ink); background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .25rem .6rem; }
button { cursor: pointer; } button:hover:not(:disabled) { background: var(--wash); } button:disabled { color: var(--soft); cursor: default; }
button.link { border: 0; padding: 0; background: none; color: var(--arm-1); text-align: left; text-decoration: underline; overflow-wrap: anywhere; }
:focus-visible { outline: 2px solid var(--arm-1); outline-offset: 2px; }
.filters { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: center; max-width: none; font-size: .9rem; }
#row-browser td { overflow-wrap: anywhere; min-width: 4.6rem; } #row-browser th { white-space: nowrap; } #row-browser td.long { min-width: 13rem; }
ul.plain { padding-left: 1.1rem; max-width: 80ch; }
dialog { color: var(--ink); background: var(--panel); border: 1px solid var(--line); border-radius: 10px; max-width: min(860px, 92vw); width: 860px; padding: 1.4rem 1.6rem; }
dialog::backdrop { background: rgb(0 0 0 / .45); }
dialog h3 { margin: 0 0 .8rem; font-size: 1.1rem; overflow-wrap: anywhere; }
dl { margin: 0; } dt { color: var(--soft); font-size: .82rem; margin-top: .7rem; } dd { margin: .1rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; font: .9rem/1.5 ui-monospace, Menlo, Consolas, monospace; }
@media print { fieldset.axis, p.save, #row-browser { display: none; } }
`;
