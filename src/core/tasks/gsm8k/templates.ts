import type { RandomStream } from '../../random';

/** A word problem from a template: what was put into its slots. */
export interface WordProblem {
  readonly template: string;
  readonly values: Readonly<Record<string, string>>;
}

type Ranges = Readonly<Record<string, readonly [number, number]>>;

interface Template {
  /** Names the stratum. */
  readonly name: string;
  /** `{who}` is a name, `{things}` a plural, one capital letter a number. */
  readonly text: string;
  /** Each number's range. */
  readonly numbers: Ranges;
  /** The same where every step shall be a fact of the tables up to nine. */
  readonly small: Ranges;
  /** The steps of the working: what is computed from the numbers and the steps before (`r1`, `r2`), and what it is. */
  readonly steps: readonly { readonly expression: string; readonly says: string }[];
}

export type Numbers = 'large' | 'small';

/** Draws a problem of a template; any template, where none is named. */
export function drawWordProblem(stream: RandomStream, numbers: Numbers, name?: string): WordProblem {
  const template = templates.find((known) => known.name === name) ?? stream.pick(templates);
  const ranges = numbers === 'small' ? template.small : template.numbers;
  const values = Object.fromEntries(
    slotsOf(template).map((slot) => {
      const [from, to] = ranges[slot] ?? [0, 0];
      const choices = slot === 'who' ? names : slot === 'things' ? things : null;
      return [slot, choices === null ? String(from + stream.integer(to - from + 1)) : stream.pick(choices)];
    }),
  );
  return { template: template.name, values };
}

/** The question's text. */
export function sayWordProblem({ template, values }: WordProblem): string {
  return put(templateOf(template).text, values);
}

/** The worked answer, in the form that GSM8K's are published in, without calculator marks: `Sam has 3 + 4 = 7.` and `#### 7`. */
export function workWordProblem(problem: WordProblem): string {
  const { steps } = templateOf(problem.template);
  const values: Record<string, string> = { ...problem.values };
  const lines = steps.map(({ expression, says }, index) => {
    const written = expression.replace(/\b(?:[A-Z]|r\d)\b/g, (name) => values[name] ?? name);
    values[`r${index + 1}`] = String(workOperation(written));
    return put(says, { ...values, step: `${written} = ${values[`r${index + 1}`]}` });
  });
  return [...lines, `#### ${values[`r${steps.length}`]}`].join('\n');
}

/** Finds the template that a text is of, and what is in its slots; `null` when it is of none. */
export function readWordProblem(text: string): WordProblem | null {
  const question = text.trim();
  for (const { name, form } of forms) {
    const values = question.length > 400 ? undefined : form.exec(question)?.groups;
    if (values !== undefined) {
      return { template: name, values: { ...values } };
    }
  }
  return null;
}

/** Every character that questions and answers are made of. */
export const wordProblemAlphabet = ' \n#$%*+,-./0123456789=?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

const names = ['Ana', 'Ben', 'Cleo', 'Dan', 'Eva', 'Finn', 'Gita', 'Hans', 'Ida', 'Jon', 'Kai', 'Lena'];

/** So many that small numbers, too, give 1,500 problems a template and more: new questions seldom repeat one. */
const things = [
  ...['apples', 'balls', 'books', 'bowls', 'cards', 'coins', 'cups', 'eggs', 'flags', 'forks', 'keys', 'lamps'],
  ...['marbles', 'nuts', 'pens', 'plates', 'rings', 'ropes', 'shells', 'spoons', 'stamps', 'stones', 'tiles', 'toys'],
];

/** From the easiest to those with three steps. */
const templates: readonly Template[] = [
  {
    name: 'more',
    text: '{who} has {A} {things} and buys {B} more. How many {things} does {who} have now?',
    numbers: { A: [2, 90], B: [2, 90] },
    small: { A: [2, 9], B: [2, 9] },
    steps: [{ expression: 'A + B', says: '{who} has {step} {things}.' }],
  },
  {
    name: 'fewer',
    text: '{who} had {A} {things} and gave {B} away. How many {things} are left?',
    numbers: { A: [40, 99], B: [2, 39] },
    small: { A: [11, 19], B: [2, 9] },
    steps: [{ expression: 'A - B', says: '{who} has {step} {things} left.' }],
  },
  {
    name: 'boxes',
    text: 'There are {A} boxes with {B} {things} in each. How many {things} are there in all?',
    numbers: { A: [2, 12], B: [2, 12] },
    small: { A: [2, 9], B: [2, 9] },
    steps: [{ expression: 'A * B', says: 'There are {step} {things}.' }],
  },
  {
    name: 'price',
    text: 'One of the {things} costs {A} dollars. {who} buys {B} of them and pays with {C} dollars. How many dollars does {who} get back?',
    numbers: { A: [2, 9], B: [2, 9], C: [90, 99] },
    small: { A: [2, 5], B: [2, 5], C: [30, 39] },
    steps: [
      { expression: 'A * B', says: 'The {things} cost {step} dollars.' },
      { expression: 'C - r1', says: '{who} gets {step} dollars back.' },
    ],
  },
  {
    name: 'twice',
    text: '{who} has {A} {things}. A friend has {B} times as many. How many {things} do they have together?',
    numbers: { A: [2, 30], B: [2, 9] },
    small: { A: [2, 9], B: [2, 9] },
    steps: [
      { expression: 'A * B', says: 'The friend has {step} {things}.' },
      { expression: 'A + r1', says: 'Together they have {step} {things}.' },
    ],
  },
  {
    name: 'week',
    text: '{who} gathers {A} {things} every day for {B} days and {C} on the day after. How many {things} does {who} gather?',
    numbers: { A: [5, 40], B: [2, 9], C: [2, 60] },
    small: { A: [2, 9], B: [2, 5], C: [2, 9] },
    steps: [
      { expression: 'A * B', says: 'On the first days {who} gathers {step} {things}.' },
      { expression: 'r1 + C', says: 'In all {who} gathers {step} {things}.' },
    ],
  },
  {
    name: 'two-kinds',
    text: '{who} packs {A} bags with {B} {things} each and {C} bags with {D} {things} each. How many {things} are packed?',
    numbers: { A: [2, 9], B: [2, 12], C: [2, 9], D: [2, 12] },
    small: { A: [2, 5], B: [2, 5], C: [2, 5], D: [2, 5] },
    steps: [
      { expression: 'A * B', says: 'The first bags hold {step} {things}.' },
      { expression: 'C * D', says: 'The other bags hold {step} {things}.' },
      { expression: 'r1 + r2', says: 'In all there are {step} {things}.' },
    ],
  },
  {
    name: 'debt',
    text: '{who} has {A} dollars, gets {B} for some {things} and then pays a bill of {C}. How many dollars does {who} have, where a debt counts below zero?',
    numbers: { A: [2, 40], B: [2, 40], C: [50, 99] },
    small: { A: [2, 9], B: [2, 9], C: [19, 29] },
    steps: [
      { expression: 'A + B', says: '{who} first has {step} dollars.' },
      { expression: 'r1 - C', says: 'After the bill {who} has {step} dollars.' },
    ],
  },
];

const templateOf = (name: string) => templates.find((known) => known.name === name) as Template;

/** The slots of a text, each once, in order. */
const slotsOf = ({ text }: Template) => [
  ...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, slot]) => slot as string)),
];

const put = (text: string, values: Readonly<Record<string, string>>) =>
  text.replace(/\{(\w+)\}/g, (_, slot: string) => values[slot] ?? '');

/** One operation on whole numbers. */
function workOperation(written: string): number {
  const [left, operator, right] = written.split(' ');
  const [a, b] = [Number(left), Number(right)];
  return operator === '+' ? a + b : operator === '-' ? a - b : a * b;
}

/** A template's text as a pattern: slots by what they may hold, a repeated slot by what it held. */
const forms = templates.map(({ name, text }) => {
  const seen = new Set<string>();
  const source = text.replace(/\{(\w+)\}|[.*+?^${}()|[\]\\]/g, (found, slot: string | undefined) => {
    if (slot === undefined) {
      return `\\${found}`;
    }
    if (seen.has(slot)) {
      return `\\k<${slot}>`;
    }
    seen.add(slot);
    return `(?<${slot}>${slot === 'who' ? '[A-Z][a-z]{1,20}' : slot === 'things' ? '[a-z]{1,20}' : '\\d{1,4}'})`;
  });
  return { name, form: new RegExp(`^${source}$`) };
});

/** Whether a problem's numbers could all have been drawn small: its new version's shall be, too. */
export function numbersOf({ template, values }: WordProblem): Numbers {
  const isSmall = Object.entries(templateOf(template).small).every(
    ([slot, [from, to]]) => Number(values[slot]) >= from && Number(values[slot]) <= to,
  );
  return isSmall ? 'small' : 'large';
}
