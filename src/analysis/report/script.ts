/**
 * The page's only script. It saves figures, and unpacks and pages the rows. Texts reach the page as text nodes alone, so
 * nothing that a model wrote can act. It asks nobody for anything.
 */
export const script = `
'use strict';
const $ = (selector, root = document) => root.querySelector(selector);
const make = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};
const save = (name, type, text) => {
  const address = URL.createObjectURL(new Blob([text], { type }));
  make('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
};
const visible = (figure) => [...figure.querySelectorAll('svg[role=img]')].find((svg) => svg.getClientRects().length > 0);
function svgText(svg) {
  const style = getComputedStyle(document.documentElement);
  const copy = svg.cloneNode(true);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('style', 'background:' + style.getPropertyValue('--panel') + ';color:' + style.getPropertyValue('--ink') + ';font-family:system-ui,sans-serif');
  return new XMLSerializer().serializeToString(copy).replace(/var\\((--[\\w-]+)\\)/g, (_, name) => style.getPropertyValue(name).trim());
}
function csvText(table) {
  const field = (cell) => {
    const text = cell.textContent.trim();
    return /[",\\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
  };
  return [...table.rows].map((row) => [...row.cells].map(field).join(',') + '\\r\\n').join('');
}
for (const figure of document.querySelectorAll('figure')) {
  const button = (text, action) => make('button', { type: 'button', textContent: text, onclick: action });
  figure.append(make('p', { className: 'save' },
    button('Save as SVG', () => save(figure.id + '.svg', 'image/svg+xml', svgText(visible(figure)))),
    button('Save as CSV', () => save(figure.id + '.csv', 'text/csv', csvText($('table', figure))))));
}

const packed = $('#rows-packed');
if (packed) {
  const browser = $('#row-browser');
  const open = make('button', { type: 'button', className: 'open', textContent: 'Show the rows' });
  browser.append(open);
  open.onclick = () => browse(browser, open);
  if (location.hash.startsWith('#row=')) open.click();
}

async function unpack() {
  const bytes = Uint8Array.from(atob(packed.textContent), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return JSON.parse(await new Response(stream).text());
}

async function browse(browser, open) {
  open.disabled = true;
  open.textContent = 'Unpacking ...';
  const { runs, prompts, rows, texts } = await unpack();
  open.remove();
  const text = (index) => (index < 0 ? null : texts[index]);
  const keys = ['run', 'iteration', 'rank', 'verdict', 'verdictReason', 'seed', 'stratum', 'seedQuestion', 'seedAnswer', 'ownAnswer', 'score',
    'pickReason', 'askedBefore', 'question', 'answer', 'inputTokens', 'outputTokens', 'usd', 'questionRequest', 'answerRequest', 'seedLoss', 'loss', 'correct'];
  const textual = new Set(['verdict', 'verdictReason', 'seed', 'stratum', 'seedQuestion', 'seedAnswer', 'ownAnswer', 'pickReason', 'question', 'answer']);
  const read = (row) => Object.fromEntries(keys.map((key, index) => [key, textual.has(key) ? text(row[index]) : row[index]]));
  const state = { run: '', iteration: '', verdict: '', words: '', page: 0 };
  const SIZE = 50;

  const choice = (name, label, values) => {
    const select = make('select', { onchange: () => show({ [name]: select.value, page: 0 }) }, make('option', { value: '', textContent: 'all' }),
      ...values.map(([value, title]) => make('option', { value: String(value), textContent: title })));
    return make('label', {}, label + ' ', select);
  };
  const unique = (index) => [...new Set(rows.map((row) => row[index]))];
  const search = make('input', { type: 'search', placeholder: 'text of seed or row', oninput: () => show({ words: search.value.toLowerCase(), page: 0 }) });
  const count = make('span', { className: 'soft' });
  count.setAttribute('role', 'status');
  const filters = make('p', { className: 'filters' },
    choice('run', 'run', runs.map((name, index) => [index, name])),
    choice('iteration', 'iteration', unique(1).sort((a, b) => a - b).map((value) => [value, value])),
    choice('verdict', 'verdict', unique(3).map((index) => [index, text(index)])),
    make('label', {}, 'search ', search), count);
  const body = make('tbody');
  const head = make('tr', {}, ...['run', 'iteration', 'rank', 'seed', 'score', 'new question', 'answer', 'verdict'].map((title) => {
    const cell = make('th', { textContent: title });
    cell.scope = 'col';
    return cell;
  }));
  const caption = make('caption', { textContent: 'Picks that were put to the teacher; each opens with its seed, requests, answers, verdict and price.' });
  const before = make('button', { type: 'button', textContent: 'Previous', onclick: () => show({ page: state.page - 1 }) });
  const after = make('button', { type: 'button', textContent: 'Next', onclick: () => show({ page: state.page + 1 }) });
  const pages = make('span', { className: 'soft' });
  browser.append(filters, make('div', { className: 'scroll' }, make('table', {}, caption, make('thead', {}, head), body)), make('p', { className: 'filters' }, before, after, pages));

  function matches(row) {
    if (state.run !== '' && row[0] !== Number(state.run)) return false;
    if (state.iteration !== '' && row[1] !== Number(state.iteration)) return false;
    if (state.verdict !== '' && row[3] !== Number(state.verdict)) return false;
    return state.words === '' || [5, 7, 13, 14].some((index) => row[index] >= 0 && texts[row[index]].toLowerCase().includes(state.words));
  }
  function show(change) {
    Object.assign(state, change);
    const found = rows.filter(matches);
    const last = Math.max(0, Math.ceil(found.length / SIZE) - 1);
    state.page = Math.min(Math.max(0, state.page), last);
    body.replaceChildren(...found.slice(state.page * SIZE, (state.page + 1) * SIZE).map(line));
    count.textContent = found.length.toLocaleString('en-US') + ' picks';
    pages.textContent = 'page ' + (state.page + 1) + ' of ' + (last + 1);
    before.disabled = state.page === 0;
    after.disabled = state.page === last;
  }
  const short = (value) => (value === null ? '' : value.length > 90 ? value.slice(0, 89) + '…' : value);
  function line(row) {
    const { run, iteration, rank, seedQuestion, score, question, answer, verdict } = read(row);
    const opener = make('button', { type: 'button', className: 'link', textContent: short(seedQuestion), onclick: () => detail(row) });
    const cells = [String(iteration), String(rank), opener, score === null ? '' : String(Number(score.toPrecision(4))), short(question), short(answer), verdict];
    const first = make('th', { textContent: runs[run] });
    first.scope = 'row';
    return make('tr', {}, first, ...cells.map((cell, index) => make('td', { className: [2, 4, 5].includes(index) ? 'long' : '' }, cell)));
  }
  const fill = (template, values) => template.replace(/[\\uE000-\\uE002]/g, (slot) => values[slot] ?? '');
  function detail(row) {
    const one = read(row);
    const prompt = prompts[one.run];
    const price = one.usd === null ? 'not known' : one.inputTokens + ' tokens in, ' + one.outputTokens + ' out' + (one.usd > 0 ? ', $' + one.usd.toFixed(6) : '');
    const parts = [
      ['Why', 'rank ' + one.rank + ' of iteration ' + one.iteration + ', ' + one.pickReason + (one.score === null ? ', no score' : ', score ' + one.score) + ', asked before ' + one.askedBefore + ' times'],
      ['Seed', one.seed + (one.stratum ? ', stratum ' + one.stratum : '')],
      ['Its question', one.seedQuestion],
      ['Its reference answer', one.seedAnswer],
      ["The student's own answer to it", one.ownAnswer],
      ['New question', one.question],
      ["The teacher's answer", one.answer],
      ['Verdict', one.verdict + (one.verdictReason ? ': ' + one.verdictReason : '')],
      ['Price of both requests', price],
      ['Requests', [one.questionRequest, one.answerRequest].filter(Boolean).join(', ')],
      ['Loss of the selecting student', one.loss === null ? null : one.seedLoss + ' on the seed, ' + one.loss + ' on the row, which it answered ' + (one.correct ? 'as the teacher' : 'unlike the teacher')],
      ['First request, for the question', prompt && fill(prompt.question, { '\\uE000': one.seedQuestion, '\\uE001': one.seedAnswer })],
      ['Second request, for the answer', prompt && one.question !== null ? fill(prompt.answer, { '\\uE002': one.question }) : null],
    ].filter(([, value]) => value !== null && value !== '');
    const title = runs[one.run] + ', iteration ' + one.iteration + ', rank ' + one.rank;
    const siblings = make('button', { type: 'button', textContent: 'Other rows of this seed', onclick: () => { dialog.close(); search.value = one.seed; show({ run: String(one.run), iteration: '', verdict: '', words: one.seed.toLowerCase(), page: 0 }); } });
    const dialog = make('dialog', {}, make('h3', { textContent: title, id: 'row-title' }),
      make('p', { className: 'filters' }, make('button', { type: 'button', textContent: 'Close', onclick: () => dialog.close() }), siblings),
      make('dl', {}, ...parts.flatMap(([term, value]) => [make('dt', { textContent: term }), make('dd', { textContent: value })])));
    dialog.setAttribute('aria-labelledby', 'row-title');
    dialog.onclose = () => { dialog.remove(); history.replaceState(null, '', location.pathname + location.search); };
    document.body.append(dialog);
    history.replaceState(null, '', '#row=' + encodeURIComponent(runs[one.run] + '/' + one.iteration + '/' + one.rank));
    dialog.showModal();
  }
  show({});
  const wanted = location.hash.startsWith('#row=') ? decodeURIComponent(location.hash.slice(5)) : '';
  const named = rows.find((row) => runs[row[0]] + '/' + row[1] + '/' + row[2] === wanted);
  if (named) detail(named);
}
`;
