import { isNegated, isSupposed } from './negation';

/** How an answer was found, from the strictest form to the loosest. */
export type Marker = 'hashes' | 'boxed' | 'tag' | 'json' | 'phrase' | 'last-line';

/** What stands at each marker of a text, in the order in which they are tried. */
export function* markedCandidates(
  view: string,
): Generator<{ readonly text: string; readonly marker: Marker; readonly end: number }> {
  for (const { text, end } of behindHashes(view)) {
    yield { text: lastBoxed(text) ?? text, marker: 'hashes', end };
  }
  for (const { text, end } of boxes(view)) {
    yield { text, marker: 'boxed', end };
  }
  const tagged = inTag(view);
  if (tagged !== null) {
    yield { text: lastBoxed(tagged) ?? tagged, marker: 'tag', end: view.length };
  }
  const field = jsonField(view);
  if (field !== null) {
    yield { text: field, marker: 'json', end: view.length };
  }
  for (const { text, end } of behindPhrases(view)) {
    yield { text, marker: 'phrase', end };
  }
}

/** More candidates of one kind are looked at in no text. */
const CANDIDATES_MAX = 30;

function* behindHashes(view: string) {
  let start = view.lastIndexOf('####');
  for (let nth = 0; nth < CANDIDATES_MAX && start >= 0; nth += 1) {
    const behind = view.slice(start + 4, start + 4 + LINE_CHARACTERS_MAX);
    const isLastLine = !behind.trim().includes('\n');
    const { text, end } = firstLine(behind);
    if (isLastLine || !stepHeading.test(text)) {
      yield { text, end: start + 4 + end };
    }
    while (start > 0 && view[start - 1] === '#') {
      start -= 1;
    }
    start = start === 0 ? -1 : view.lastIndexOf('####', start - 1);
  }
}

const stepHeading =
  /^[*_ ]*(?:(?:step|part|case|section|approach|method|stage|phase)\b|\d{1,2}[.)] \p{L}|(?:understand|solution|working|reasoning|explanation|given|calculat)\w*\b)/iu;

/** Contents of `\boxed{}` from last to first; what "and", "or" or a comma joins is one answer. */
function* boxes(view: string) {
  let joined = '';
  let denied = '';
  let joinedStart = -1;
  let end = view.length;
  let candidates = 0;
  for (
    let start = boxBefore(view, view.length);
    start >= 0 && candidates < CANDIDATES_MAX;
    start = boxBefore(view, start - 1)
  ) {
    candidates += 1;
    const box = boxAt(view, start);
    if (box === null || box.content.trim() === '') {
      continue;
    }
    if (isNegated(view.slice(Math.max(0, start - 30), start).replace(/[$\\([]+$/, ''))) {
      denied ||= `not ${box.content}`;
      continue;
    }
    const between = joinedStart < 0 ? null : joint(view.slice(box.end, joinedStart));
    if (between === null && joined !== '') {
      yield { text: joined, end };
      joined = '';
    }
    const sign = /-[ $({]?$/.test(view.slice(Math.max(0, start - 2), start)) ? '-' : '';
    const scale =
      joined === ''
        ? (/^[$ )]*((?:hundred|thousand|million|billion|trillion|dozen)\b|[万亿])/i.exec(
            view.slice(box.end, box.end + 30),
          )?.[1] ?? '')
        : '';
    const content = `${sign}${box.content}${scale === '' ? '' : ` ${scale}`}`;
    end = joined === '' ? box.end : end;
    joined = joined === '' ? content : `${content}${between}${joined}`;
    joinedStart = start;
  }
  if (joined !== '' || denied !== '') {
    yield { text: joined || denied, end };
  }
}

function joint(between: string): string | null {
  const plain = between.replace(/\\(?:text|mbox) ?\{([^{}]*)\}/g, '$1').replace(/\\q?quad|[$\s]|\\[,;: ()[\]]/g, '');
  return plain === 'or' ? ' or ' : plain === 'and' || plain === ',' || plain === ',and' || plain === ';' ? ', ' : null;
}

const boxBefore = (text: string, before: number) =>
  before < 0 ? -1 : Math.max(text.lastIndexOf('\\boxed', before), text.lastIndexOf('\\fbox', before));

function boxAt(text: string, start: number): { readonly content: string; readonly end: number } | null {
  const brace = /^\\[a-z]+ ?/.exec(text.slice(start, start + 20))?.[0] ?? '';
  const inside = start + brace.length;
  if (text[inside] !== '{') {
    const bare = brace.endsWith(' ') ? (/^[\w.,/+-]+/.exec(text.slice(inside, inside + 100))?.[0] ?? null) : null;
    // "given in \boxed form" names the command.
    return bare === null || /^[a-z]{2,}/i.test(bare)
      ? null
      : { content: bare.replace(/[.,]+$/, ''), end: inside + bare.length };
  }
  let depth = 0;
  for (let index = inside; index < Math.min(text.length, inside + LINE_CHARACTERS_MAX); index += 1) {
    if (text[index] === '\\') {
      // An escaped brace is a sign of its own.
      index += 1;
      continue;
    }
    depth += text[index] === '{' ? 1 : text[index] === '}' ? -1 : 0;
    if (depth === 0) {
      return { content: text.slice(inside + 1, index), end: index + 1 };
    }
  }
  return null;
}

/** The content of the last `\boxed{...}` or `\fbox{...}` that holds something, by matching braces; also `\boxed 5`. */
export function lastBoxed(text: string): string | null {
  for (const { text: content } of boxes(text)) {
    return content;
  }
  return null;
}

const LINE_CHARACTERS_MAX = 20_000;

function inTag(view: string): string | null {
  for (const tag of ['answer', 'final_answer', 'final-answer', 'final', 'result', 'label', 'choice']) {
    const close = view.toLowerCase().lastIndexOf(`</${tag}>`);
    const open = view.toLowerCase().lastIndexOf(`<${tag}>`, close < 0 ? view.length : close);
    const content = open < 0 ? '' : view.slice(open + tag.length + 2, close < 0 ? view.length : close).trim();
    if (content !== '') {
      return content;
    }
  }
  return null;
}

const answerKeys = ['answer', 'finalanswer', 'result', 'label', 'prediction', 'choice', 'output'];

/** The answer in a JSON object, which is the whole text or the last object in it. */
function jsonField(view: string): string | null {
  const start = view.lastIndexOf('{');
  for (const text of new Set([view, view.slice(Math.max(0, start), view.indexOf('}', start) + 1)])) {
    const fields = objectOf(text);
    const only = text === view ? Object.values(fields ?? {}) : [];
    if (only.length === 1 && (typeof only[0] === 'string' || typeof only[0] === 'number')) {
      return String(only[0]);
    }
    for (const wanted of fields === null ? [] : answerKeys) {
      const found = Object.entries(fields ?? {}).find(([key]) => key.toLowerCase().replace(/[ _-]/g, '') === wanted);
      const value = found?.[1];
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
        return String(value);
      }
    }
  }
  return null;
}

function objectOf(text: string): Record<string, unknown> | null {
  if (!text.startsWith('{') || !text.endsWith('}') || text.length > LINE_CHARACTERS_MAX) {
    return null;
  }
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}

const phrases = [
  /\banswer\b[*_`"')\]]{0,6} ?(?:(?:to|for|in|of|choice|option|\()[^.!?\n:=]{0,60}? ?)?(?:seems to be|appears to be|(?:would|should|must|will|has to) be|\bis\b|\bwas\b|equals|[:=]|->|→|- )/,
  /\b(?:correct|right|best) (?:option|choice|statement|letter)\b[^.!?\n:=]{0,30}?(?:(?:would|should|must) be|\bis\b|[:=])/,
  /\b(?:antwort|respuesta|réponse|risposta|resposta)\b[^.!?\n:=]{0,30}?(?:\b(?:ist|lautet|es|est)\b|[èé]\b|(?<= )[èé](?= )|[:=])/,
  /(?:答案|答え|정답|ответ)(?:应该|應該)? ?(?:是|为|為|は|:|은|는|选|選)?/,
  /(?:故|因此|所以|应|應|该|該)? ?(?:选择|选项?|選擇?)(?= ?\(?[A-Z])/,
  /\bfinal answer\b/,
  /(?:^|\n)[*_# ]*answer[*_ ]*(?=\n)/,
];
const phrase = new RegExp(phrases.map(({ source }) => `(?:${source})`).join('|'), 'giu');

/** "La respuesta no es", "la réponse n'est". */
const deniedPhrase = /(?:antwort|respuesta|réponse|risposta|resposta).*(?:\b(?:no|non|nicht)\b|não|\bn')/is;

/** "The answer is found by adding" introduces a working and is none. */
const noAnswer =
  /^(?:found|obtained|calculated|computed|derived|determined|reached|based|as follows|below|shown|in the)\b/i;

function* behindPhrases(view: string) {
  for (const match of [...view.matchAll(phrase)].slice(-CANDIDATES_MAX).reverse()) {
    const start = match.index + match[0].length;
    const { text, end } = firstLine(
      view
        .slice(start, start + LINE_CHARACTERS_MAX)
        .replace(/^(?:\s?(?:[*_`:=]|is\b|->))+/i, (lead) => ' '.repeat(lead.length)),
    );
    if (!noAnswer.test(text) && text !== '') {
      // "I don't think the answer is 5" says what it is not.
      const isSaid =
        !deniedPhrase.test(match[0]) && !isSupposed(view.slice(Math.max(0, match.index - 60), match.index));
      yield { text: `${isSaid ? '' : 'not '}${lastBoxed(text) ?? withoutOpenEmphasis(text)}`, end: start + end };
    }
  }
}

/** The emphasis of a phrase may end behind the answer: **Answer: 72**. */
const withoutOpenEmphasis = (text: string) =>
  (text.match(/\*\*|__/g)?.length ?? 0) % 2 === 1 ? text.replace(/(?:\*\*\*?|__)([.!]?)$/, '$1') : text;

/** The line that begins here; where it is empty or only announces the answer, the next one that says something. */
function firstLine(text: string): { readonly text: string; readonly end: number } {
  let end = 0;
  for (const line of text.split('\n', 12)) {
    end += line.length + 1;
    const said = line.trim();
    if (!/^[*_#`: ]*(?:(?:the )?(?:final )?answer)?[*_#`: ]*$|^```\w*$/i.test(said)) {
      return { text: said, end };
    }
  }
  return { text: '', end };
}
