import { type AnswerForm, type Found, findAnswer } from './final-answer';
import { abstains, isNegated } from './negation';
import { withoutMarkup } from './plain-text';

/** What options are called in a task. */
export type Keys = 'letters' | 'numbers';

/** The keys that a text chooses, in ascending order. */
export type Choice = readonly string[];

/** How the keys of options are read: `B`, `(b)`, `B) Paris`, `option B`, `B, because ...`, `A and C`. */
export const choiceForm = (keys: Keys): AnswerForm<Choice> => ({
  marked: (text) => {
    const said = prepared(text).replace(article, '');
    return (
      openEnd(firstSentence(said), keys) ?? leading(said, keys) ?? named(firstSentence(said), keys) ?? titled(said)
    );
  },
  line: (text) => {
    const said = prepared(text);
    const found = openEnd(said, keys) ?? leading(said, keys) ?? lastNamed(said, keys);
    return found !== null && abstains(said) ? inDoubt : found;
  },
  whole: (text) => {
    const said = prepared(text);
    return alone(said, keys) ?? listed(said, keys);
  },
});

/** "la B", "die Option B": what other languages put before a key. */
const article =
  /^(?:(?:la|el|le|l'|il|die|der|das|opci[oó]n|opção|opzione|option|letra|lettre|lettera|buchstabe|a(?= [A-Z]\.?$)) ?)+(?=\(?[A-Z]\)?(?!\w))/i;

/** A text without the options of the question, where it repeats them: lines that begin with one key after the other. */
export function withoutOptions(text: string, keys: Keys): string {
  const form = new RegExp(`^\\W{0,3}(${capital[keys]})[).:] ?\\S`);
  const lines = text.split('\n');
  const keysOf = lines.map((line) => form.exec(line)?.[1] ?? null);
  const isNext = (one: string | null | undefined, next: string | null | undefined) =>
    one != null && next != null && nextKey(one, keys) === next;
  return lines
    .filter((_, index) => !isNext(keysOf[index], keysOf[index + 1]) && !isNext(keysOf[index - 1], keysOf[index]))
    .join('\n');
}

const nextKey = (one: string, keys: Keys) =>
  keys === 'numbers' ? String(Number(one) + 1) : String.fromCharCode(one.charCodeAt(0) + 1);

/** The one option, by its letter, that a text chooses; `null` for none or several. */
export function finalChoice(text: string): string | null {
  const found = findAnswer(text, choiceForm('letters'));
  return found.state === 'read' && found.value.length === 1 ? (found.value[0] ?? null) : null;
}

const LINE_CHARACTERS_MAX = 500;

/** Keys in brackets of any kind are in parentheses then, and stand in no quotes. */
const prepared = (text: string) =>
  withoutMarkup(text.slice(0, LINE_CHARACTERS_MAX))
    .replace(/[[{<]([A-Za-z]|\d{1,2})[\]}>]/g, '($1)')
    .replace(/["'*$]+(\(?(?:[A-Za-z]|\d{1,2})\)?[.:)]?)["'*$]+/g, '$1')
    .replace(/^[-*•$ ]+(?=\S)|[$ ]+$/g, '')
    .replace(/(?![❌✖✗✘🚫⛔👎])\p{Extended_Pictographic}\uFE0F?|\uFE0F/gu, '')
    .replace(/：/g, ': ')
    .replace(/，/g, ', ')
    .replace(/。/g, '. ')
    .trim();

const key = { letters: '[A-Za-z]', numbers: '\\d{1,2}' } as const;
/** Small letters are words' own: outside of parentheses and of a line of their own only capitals are keys. */
const capital = { letters: '[A-Z]', numbers: '\\d{1,2}' } as const;

const choose = (keys: readonly string[]): Found<Choice> => ({
  value: [...new Set(keys.map((one) => one.toUpperCase()))].sort(),
});

const severalOptions = { doubt: 'it names several options, of which one is meant' };
const inDoubt = { doubt: 'the text is in doubt itself' };

/** "A... or B": what ends in another option leaves it open. */
function openEnd(text: string, keys: Keys): Found<Choice> {
  const last = new RegExp(`\\bor (?:maybe |perhaps )?(?:option )?\\(?(${capital[keys]})\\)?[.!?]?$`).exec(text);
  const before = last === null ? '' : text.slice(0, last.index);
  const others = before.match(new RegExp(`(?<![\\w'-])${capital[keys]}(?![\\w'-])`, 'g')) ?? [];
  return others.some((other) => other !== last?.[1]) ? severalOptions : null;
}

/** "Answer: B Paris"; A and I would be words. */
function titled(text: string): Found<Choice> {
  const found = /^([B-HJ-Z]) [A-Z\d]/.exec(text)?.[1];
  return found === undefined ? null : choose([found]);
}

function alone(text: string, keys: Keys): Found<Choice> {
  const found = new RegExp(`^[("'\\s]{0,3}(${key[keys]})[).:;,!"'\\s]{0,4}$`).exec(text)?.[1];
  return found === undefined ? null : choose([found]);
}

/** Several keys and nothing else: `A, C`, `A and C`, `(A) & (C)`, `AC`. */
function listed(text: string, keys: Keys): Found<Choice> {
  const one = `\\(?${key[keys]}\\)?`;
  const form = new RegExp(
    `^\\W{0,2}(?:(?:options?|choices?|both) )?(${one}(?:(?: ?[,;&/+] ?(?:and |or )?| and | or )${one})+)[.!)"']{0,3}$`,
    'i',
  );
  const list = form.exec(text)?.[1];
  if (list !== undefined) {
    const names = list.replace(/\b(?:and|or)\b/gi, ' ').match(new RegExp(key[keys], 'g')) ?? [];
    return /\bor\b|\//i.test(list) ? severalOptions : choose(names);
  }
  const joined = keys === 'letters' ? [...(/^[A-H]{2,6}\.?$/.exec(text)?.[0].replace('.', '') ?? '')] : [];
  return joined.length > 1 && joined.every((letter, index) => index === 0 || letter > (joined[index - 1] ?? ''))
    ? choose(joined)
    : null;
}

/** A key that a text begins with: `B) Paris`, `B. Paris`, `(B), a mammal`, `B, since ...`, `B is right`. */
function leading(text: string, keys: Keys): Found<Choice> {
  const all = alone(text, keys) ?? listed(text, keys);
  if (all !== null) {
    return all;
  }
  for (const [form, isBeforeText] of leadingForms(keys)) {
    const match = form.exec(text);
    if (match?.[1] !== undefined) {
      const rest = text.slice(match[0].length);
      if (isBeforeText) {
        return new RegExp(`^${capital[keys]}[.)]?$`).test(rest) ? severalOptions : choose([match[1]]);
      }
      if (new RegExp(`^ ?\\(${capital[keys]}\\)`).test(rest)) {
        return severalOptions;
      }
      return isRuledOut(rest) ? null : (doubtBehind(rest, keys) ?? choose([match[1], ...joinedTo(rest, keys)]));
    }
  }
  return null;
}

/** The forms in which a text begins with a key, and whether the option's own text follows. */
const leadingForms = (keys: Keys): readonly (readonly [RegExp, boolean])[] => [
  [new RegExp(`^\\((${key[keys]})\\)(?!\\w)`), false],
  [new RegExp(`^(${key[keys]})(?:\\)|:(?!\\d)|\\.\\))(?! (?:is|isn't|or|and)\\b)(?![a-z])`), true],
  [new RegExp(`^(${capital[keys]})(?:\\. (?=\\S)| -+ |-+ (?=[^\\d\\s]))`), true],
  [new RegExp(`^(${capital[keys]})(?:\\)|, | (?=\\())`), false],
  [
    new RegExp(
      `^(${capital[keys]})(?= (?:because|since|as it|as the|is (?:the |my )?(?:most )?(?:correct|right|best|true|answer)|not|or|and|rather)\\b|\\?)`,
    ),
    false,
  ],
];

/** The last sentence that chooses a key decides. */
function lastNamed(text: string, keys: Keys): Found<Choice> {
  for (const sentence of sentences(text).reverse()) {
    const found = leading(sentence, keys) ?? named(sentence, keys);
    if (found !== null) {
      return found;
    }
  }
  return null;
}

/** Keys that a sentence chooses by a word ("option B", "it must be (B)"); else those in parentheses. */
function named(sentence: string, keys: Keys): Found<Choice> {
  const mentions = [
    ...sentence.matchAll(new RegExp(`\\((${key[keys]})\\)|(?<![\\w'.-])(${capital[keys]})(?![\\w'-]|\\.\\w)`, 'g')),
  ];
  const open = mentions.flatMap((match) => {
    const before = sentence.slice(Math.max(0, match.index - 80), match.index);
    const after = sentence.slice(match.index + match[0].length);
    const isNamed =
      (naming.test(before) && (match[1] !== undefined || ending.test(after))) || isStatedRight.test(after);
    const isOut = isNegated(before) || isRuledOut(after) || rulingOut.test(before);
    return isOut ? [] : [{ name: match[1] ?? match[2] ?? '', after, isNamed, isBracketed: match[1] !== undefined }];
  });
  const byWord = open.filter(({ isNamed }) => isNamed);
  const meant = byWord.length > 0 ? byWord : open.filter(({ isBracketed }) => isBracketed);
  const [first] = meant;
  if (first === undefined) {
    return mentions.length > 0 && /\b(?:not|n't|neither)\b/i.test(sentence)
      ? { doubt: 'it says which options are not the answer' }
      : null;
  }
  const doubts = meant.map(({ after }) => doubtBehind(after, keys)).find((doubt) => doubt !== null);
  if (doubts !== undefined) {
    return doubts;
  }
  const names = choose(meant.flatMap(({ name, after }) => [name, ...joinedTo(after, keys)]));
  const isList = meant.some(({ after }) => joinedTo(after, keys).length > 0);
  return names !== null && 'value' in names && names.value.length > 1 && !isList ? severalOptions : names;
}

const words =
  "is|be|are|was|say|think|believe|guess|choose|chose|chosen|pick|picked|select|selected|with|therefore|thus|so|hence|get|gets|leaves|leaving|remains|to|answer|answers|options?|choices?|letter|both|it's|that's|only|clearly|definitely|probably|likely|obviously|indeed|just|simply|number|statement|antwort|ist|est|es|è|é";
const naming = new RegExp(
  `(?:^|[^\\p{L}'-])(?:${words})[:,]? ?(?:the )?[:"']? ?$|[=:→>] ?$|\\bnot\\b.{0,40}\\bbut (?:rather )?$|(?:答案|选项?|選擇?|选择|是|为|は)[:：]? ?$`,
  'iu',
);
const ending =
  /^["']?(?:$|[.,;:!?)]|是|对|正|です|だ| ?\(| -| (?:because|since|as|which|i\.e|is|are|was|not|for|and|or|but|would|seems|here|with|rather|instead|in|fits|works|matches|satisfies)\b)/i;
const isStatedRight =
  /^\)? (?:is|are|must be|would be|seems|looks) (?:clearly |definitely |obviously )?(?:the )?(?:most |only )?(?:correct|right|best|true|answer|option|one|choice)/i;
const rulingOut =
  /\b(?:eliminate|eliminating|rule out|ruling out|exclude|excluding|reject|discard|wrong|incorrect|unlike|than)(?: (?:options?|choices?))? \(?$/i;

/** "... is wrong": what was looked at and dropped. */
const isRuledOut = (after: string) =>
  /^\)?(?: ?\([^()]{0,40}\))? (?:is|are|was|seems?) (?:\w+ )?(?:wrong|incorrect|false|out|eliminated|excluded|impossible|not|too|ruled out)\b/i.test(
    after,
  ) || /^\)? ?isn't\b/i.test(after);

/** "B or C", "B?", "B or maybe not". */
function doubtBehind(after: string, keys: Keys): { readonly doubt: string } | null {
  if (
    /^[)"'. ]{0,3}\?|^\)?,? ?\b(?:or|but) (?:maybe|perhaps|possibly|not\b|i am not|i'm not)|^\)?,? maybe\b/i.test(after)
  ) {
    return inDoubt;
  }
  return new RegExp(
    `^[^.!?]{0,40}?\\b(?:or|and/or) (?:maybe |perhaps |possibly |else )?(?:option |choice )?(?:\\(${key[keys]}\\)|${capital[keys]}(?![\\w'-]))`,
  ).test(after)
    ? severalOptions
    : null;
}

/** The keys that "and" or a comma joins to one that is chosen. */
function joinedTo(after: string, keys: Keys): string[] {
  const found: string[] = [];
  const form = new RegExp(
    `^\\)?(?:,? and(?: also)? |, ?)(?:option |choice )?(?:\\((${key[keys]})\\)|(${capital[keys]})(?=$|[.,;!?]| (?:and|because|since|are)\\b))`,
  );
  for (let rest = after, match = form.exec(rest); match !== null; match = form.exec(rest)) {
    found.push(match[1] ?? match[2] ?? '');
    rest = rest.slice(match[0].length);
  }
  return found;
}

const sentences = (text: string) =>
  text.split(/(?<!\b(?:Mr|Mrs|Ms|Dr|St|vs|cf|i\.e|e\.g)\.)(?<=[.!?])\s+/i).filter((sentence) => sentence !== '');
const firstSentence = (text: string) => sentences(text)[0] ?? '';
