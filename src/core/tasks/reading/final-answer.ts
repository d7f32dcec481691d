import { tidy } from './plain-text';

/** How an answer was found, from the strictest form to the loosest. */
export type Marker = 'hashes' | 'boxed' | 'tag' | 'json' | 'phrase' | 'last-line';

/** What a check makes of one candidate: a value, a doubt that no other candidate settles, or nothing at all. */
export type Found<T> = { readonly value: T } | { readonly doubt: string } | null;

/** How a check reads an answer. */
export interface AnswerForm<T> {
  /** What stands behind a marker, on one line. */
  marked(text: string): Found<T>;
  /** The last line of a text without markers, which may say other things before the answer. */
  line(text: string): Found<T>;
  /** A line that is an answer and nothing else. */
  whole(text: string): Found<T>;
}

export type Reading<T> =
  | { readonly state: 'read'; readonly value: T; readonly marker: Marker }
  | { readonly state: 'unreadable'; readonly reason: string };

/**
 * The answer of a worked text. Candidates are tried from strict to loose (behind `####`, in `\boxed{}`, in `<answer>`, in
 * JSON, behind "the answer is", the last line) and from last to first; the first that the check can read is the answer.
 * What stands in `<think>` and behind a new question is not looked at.
 */
export function findAnswer<T>(text: string, form: AnswerForm<T>): Reading<T> {
  const body = answerPart(text);
  if (body === '') {
    return unreadable(text.trim() === '' ? 'the answer is empty' : 'the answer ends before its thinking does');
  }
  for (const view of new Set([beforeNextQuestion(body), body])) {
    const found = readCorrected(view, form) ?? readCandidates(view, form);
    if (found !== null) {
      return found;
    }
  }
  return unreadable('no answer was found');
}

export const unreadable = (reason: string): Reading<never> => ({ state: 'unreadable', reason });

/** What an answer says: characters in one form, without thinking, the tokens that end a turn, and a fence around all of it. */
export function answerPart(text: string, clean: (text: string) => string = tidy): string {
  const ended = clean(text).split(/<\|(?:im_end|endoftext|eot_id|end)\|>|<\/s>|<end_of_turn>/, 1)[0] ?? '';
  const thought = Math.max(...thinkTags.map((tag) => endOf(ended, `</${tag}>`)));
  const said = thought > 0 ? ended.slice(thought) : ended;
  const opened = thinkTags.map((tag) => said.indexOf(`<${tag}>`)).filter((start) => start >= 0);
  return withoutFence((opened.length === 0 ? said : said.slice(0, Math.min(...opened))).trim());
}

/** The content of a code fence that is all there is. */
export function withoutFence(text: string): string {
  const fence = /^```[\w-]*\n([\s\S]*?)\n?```$/.exec(text);
  return fence === null || fence[1]?.includes('```') ? text : (fence[1] ?? '').trim();
}

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

function readCandidates<T>(view: string, form: AnswerForm<T>): Reading<T> | null {
  for (const { text, marker, end } of markedCandidates(view)) {
    const found = form.marked(text);
    if (found !== null && 'value' in found) {
      return { state: 'read', value: found.value, marker };
    }
    if (found !== null) {
      // "Answer: we have 3 bags of 4 apples." may introduce a working; whatever settles it stands further down.
      const later = marker === 'phrase' ? readLines(view.slice(end), form) : null;
      return later?.state === 'read' ? later : unreadable(found.doubt);
    }
  }
  return readLines(view, form);
}

function readLines<T>(view: string, form: AnswerForm<T>): Reading<T> | null {
  const lines = answerLines(view);
  const explained = lines.findIndex((line, index) => index > 0 && explanation.test(line));
  const candidates = [
    ...(explained > 0 ? [form.whole(lines[explained - 1] ?? '')] : []),
    behindQuestion(lines.at(-1) ?? '', form),
    lines.length === 0 ? null : form.line(lines.at(-1) ?? ''),
  ];
  const found =
    candidates.find((candidate) => candidate !== null) ?? onlyOne(lines.slice(0, -1).map((line) => form.whole(line)));
  if (found === null) {
    return null;
  }
  return 'value' in found ? { state: 'read', value: found.value, marker: 'last-line' } : unreadable(found.doubt);
}

/** "A or B? B.": a question that the line answers itself. */
function behindQuestion<T>(line: string, form: AnswerForm<T>): Found<T> {
  const answer = /\? (?=\S)(?!.*\?)/.exec(line);
  return answer === null ? null : form.line(line.slice(answer.index + 2));
}

/** Lines with different answers are a list of something. */
function onlyOne<T>(candidates: readonly Found<T>[]): Found<T> {
  const values = candidates.flatMap((candidate) =>
    candidate !== null && 'value' in candidate ? [candidate.value] : [],
  );
  const [first] = values;
  if (first === undefined) {
    return null;
  }
  const same = (value: T) => JSON.stringify(value, plainBigints) === JSON.stringify(first, plainBigints);
  return values.every(same) ? { value: first } : { doubt: 'several lines hold different answers' };
}

const plainBigints = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);

/**
 * "72. Wait, actually 74": what was taken back is no answer, and neither is a text that takes its answer back without
 * another one. `null` where nothing was taken back.
 */
function readCorrected<T>(view: string, form: AnswerForm<T>): Reading<T> | null {
  const last = [...view.matchAll(correction)].at(-1);
  if (last === undefined || view.slice(0, last.index).trim() === '') {
    return null;
  }
  const after = view.slice(last.index + last[0].length);
  for (const { text, marker } of markedCandidates(after)) {
    const found = form.marked(text);
    if (found !== null) {
      return 'value' in found ? { state: 'read', value: found.value, marker } : unreadable(found.doubt);
    }
  }
  const [sentence = ''] = after.split(/(?<=[.!?])\s|\n/, 1);
  const short = form.whole(sentence.replace(leadIn, '').replace(/[.!]$/, ''));
  if (short !== null) {
    return 'value' in short ? { state: 'read', value: short.value, marker: 'last-line' } : unreadable(short.doubt);
  }
  const isSettled = /actually/i.test(last[0]) || confirmation.test(after) || hasAnswer(after, form);
  return isSettled ? null : unreadable('the text takes its answer back and gives no other');
}

/** Whether the last line says an answer: a working that stumbled on its way continues to its end. */
function hasAnswer<T>(text: string, form: AnswerForm<T>): boolean {
  const lines = answerLines(text);
  return lines.length > 1 && form.line(lines.at(-1) ?? '') !== null;
}

const correction =
  /(?:(?<=\? ?)no\b[,.:]? |(?<![\p{L}\d])(?:(?:oh |no,? |but )?wait|hold on|scratch that|correction|oops|sorry|(?:no, )?actually)(?:[,.:!;]| -|(?= actually| no\b| it| that| the answer| i )) ?(?:no, |actually,? )?)/giu;
const leadIn = /^(?:(?:no|actually|it is|it's|it should be|that should be|should be|make that|i mean|rather)[,:]? )*/i;
const confirmation = /\b(?:yes|correct|right|indeed|confirm(?:s|ed)?|checks out|matches|good|fine)\b/i;

const thinkTags = ['think', 'thinking', 'thought', 'reasoning', 'scratchpad'];

const endOf = (text: string, part: string) => {
  const start = text.lastIndexOf(part);
  return start < 0 ? -1 : start + part.length;
};

/**
 * A model that is not stopped writes the next question itself, and answers it. Without a colon only a numbered heading
 * begins one: a line may end in "the problem."
 */
function beforeNextQuestion(text: string): string {
  const next =
    /\n(?:#+ ?|\*\*)?(?:question|problem|exercise|q|user|human|instruction)(?:(?: ?\d+)?(?:\*\*)? ?:| ?\d+(?:\*\*)? ?\.)(?=[\s*])/i.exec(
      text,
    );
  return next === null ? text : text.slice(0, next.index).trim();
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
const LINES_MAX = 100;

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
      const isSaid = !supposition.test(view.slice(Math.max(0, match.index - 60), match.index));
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

/** The lines of a text that may hold its answer: without fences, sign-offs and the explanation behind the answer. */
export function linesBeforeExplanation(view: string): string[] {
  const lines = answerLines(view);
  const explained = lines.findIndex((line, index) => index > 0 && explanation.test(line));
  return explained > 0 ? lines.slice(0, explained) : lines;
}

function answerLines(view: string): string[] {
  const all = view.split('\n').filter((line) => line.trim() !== '' && !/^```/.test(line));
  const lines = all.length > LINES_MAX ? [...all.slice(0, 1), ...all.slice(-LINES_MAX)] : all;
  while (lines.length > 1 && signOff.test(lines.at(-1) ?? '')) {
    lines.pop();
  }
  return lines.map((line) => line.slice(-LINE_CHARACTERS_MAX).trim());
}

const signOff =
  /^\W*(?:i hope|hope (?:this|that|it)|let me know|feel free|please (?:let|feel|ask)|if you (?:have|need|want|would)|(?:best|kind|warm) regards|regards|sincerely|cheers|thanks?\b|thank you|good luck|have a (?:great|nice|good)|happy (?:to help|learning)|glad to|is there anything|would you like|do you (?:want|have|need)|as (?:asked|requested)|confidence\b|q\.?e\.?d\b)|^\W+$/i;
const explanation = /^\W*(?:explanation|reasoning|rationale|justification|reason|why|note|because)\b/i;

/** "not 5", "isn't 5", "I don't think it is 5", "if it is 5": what follows is no answer. */
export const isNegated = (before: string) => denial.test(before) || supposition.test(before);

const denial =
  /(?:\bnot|n't|\bnever|\bneither|\bnor|\bno longer|\bcannot be|\brather than|\binstead of|\bother than|\banything but|\beverything but|\ball (?:but|except))(?: (?!but\b)\w+)?[ "'($*]*$/i;
const supposition =
  /\b(?:(?:do not|don't|does not|doesn't|did not|didn't|cannot|can't) (?:think|believe|agree)|doubt|false that|if|assume|assuming|suppose|supposing)\b(?![^.;]*\b(?:but|then)\b)[^.;,:=]{0,40}$/i;
