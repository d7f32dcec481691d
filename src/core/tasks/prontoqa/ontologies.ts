import type { RandomStream } from '../../random';
import type { Fact, Rule, Statement } from './logic';

export type Ontology = 'fictional' | 'true' | 'false';
export type Distractors = 'none' | 'relevant' | 'irrelevant';
export type Ordering = 'random' | 'postorder' | 'preorder';

export interface ProblemOptions {
  readonly ontology: Ontology;
  readonly hops: number;
  readonly distractors: Distractors;
  readonly ordering: Ordering;
}

/** A problem before it is put into words. */
export interface Drawn {
  readonly context: readonly Statement[];
  readonly query: Fact;
}

/** From a named thing along a chain of kinds to a property: as many rules as there are hops, and distractors beside them. */
export function drawProblem(stream: RandomStream, options: ProblemOptions): Drawn {
  const { hops } = options;
  const chain = drawChain(stream, options.ontology, hops);
  const entity = stream.pick(names);
  const properties = stream.shuffle(families).map((family) => stream.pick(family));
  const predicate = propertyOf(options.ontology, chain.at(-1) as string) ?? (properties[0] as string);
  // What is true of a real kind is said; of made-up kinds anything may be, or not.
  const negated = options.ontology === 'true' ? false : stream.integer(2) === 1;
  const rules: Rule[] = chain.map((subject, index) => {
    const next = chain[index + 1];
    return next === undefined ? rule(subject, predicate, negated) : rule(subject, next);
  });
  const extra = drawDistractors(stream, options, { chain, predicate, negated, properties: properties.slice(1) });
  const fact: Fact = { kind: 'fact', entity, predicate: chain[0] as string, negated: false };
  return {
    context: order(stream, options.ordering, fact, rules, extra),
    query: { kind: 'fact', entity, predicate, negated: stream.integer(2) === 1 },
  };
}

/** A statement in one of the forms of its kind. */
export function sayStatement(statement: Statement, form: 'every' | 'each' | 'plural' = 'every'): string {
  const not = statement.negated ? 'not ' : '';
  const { predicate } = statement;
  if (statement.kind === 'fact') {
    return `${statement.entity} is ${not}${withArticle(predicate)}`;
  }
  if (form === 'plural') {
    const said = isNoun(predicate) ? plural(predicate) : predicate;
    return capital(`${plural(statement.subject)} are ${not}${said}`);
  }
  return `${capital(form)} ${statement.subject} is ${not}${withArticle(predicate)}`;
}

/** The ontology that a problem's words are of; real kinds in a false order count as true ones. */
export const ontologyOf = (context: readonly Statement[]): Ontology =>
  context.some((statement) => statement.kind === 'rule' && ownProperty(statement.subject) !== null)
    ? 'true'
    : 'fictional';

const rule = (subject: string, predicate: string, negated = false): Rule => ({
  kind: 'rule',
  subject,
  predicate,
  negated,
});

function drawChain(stream: RandomStream, ontology: Ontology, hops: number): string[] {
  if (ontology === 'fictional') {
    return stream.shuffle(fictional).slice(0, hops);
  }
  const taxonomy = stream.pick(taxonomies).map(([noun]) => noun);
  if (ontology === 'false') {
    return stream.shuffle(taxonomy).slice(0, hops);
  }
  const start = stream.integer(taxonomy.length - hops + 1);
  return taxonomy.slice(start, start + hops);
}

function propertyOf(ontology: Ontology, noun: string): string | null {
  return ontology !== 'true' ? null : ownProperty(noun);
}

/** What is true of a real kind; `null` of others. */
function ownProperty(noun: string): string | null {
  return taxonomies.flat().find(([known]) => known === noun)?.[1] ?? null;
}

/**
 * Relevant: kinds on the way have other properties too, and a kind that the thing is not of has the opposite of the
 * property asked for, so that a look at the property alone does not give the label. Irrelevant: another chain of kinds.
 */
function drawDistractors(
  stream: RandomStream,
  { ontology, distractors }: ProblemOptions,
  of: { chain: readonly string[]; predicate: string; negated: boolean; properties: readonly string[] },
): Rule[] {
  const { chain, predicate, negated, properties } = of;
  const nouns = ontology === 'fictional' ? fictional : taxonomies.flat().map(([noun]) => noun);
  const others = stream.shuffle([...new Set(nouns)].filter((noun) => !chain.includes(noun)));
  const [stranger, second] = others as [string, string];
  const about = (noun: string, index: number) => {
    const own = propertyOf(ontology, noun);
    return own === null ? rule(noun, properties[index] as string, stream.integer(2) === 1) : rule(noun, own);
  };
  switch (distractors) {
    case 'none':
      return [];
    case 'relevant':
      return [
        ...chain.slice(0, -1).map(about),
        // True sentences are few: two strangers make enough different problems.
        ...(ontology === 'true' ? [about(stranger, 0), about(second, 0)] : [rule(stranger, predicate, !negated)]),
      ];
    case 'irrelevant':
      return ontology === 'true' ? [about(stranger, 0), about(second, 0)] : [rule(stranger, second), about(second, 0)];
  }
}

/** Preorder: as the proof goes. Postorder: backwards, the fact last. */
function order(stream: RandomStream, ordering: Ordering, fact: Fact, rules: Rule[], extra: Rule[]): Statement[] {
  if (ordering === 'random') {
    return stream.shuffle<Statement>([...rules, ...extra, fact]);
  }
  const forwards: Statement[] = [fact, ...rules];
  for (const distractor of extra) {
    forwards.splice(1 + stream.integer(forwards.length), 0, distractor);
  }
  return ordering === 'preorder' ? forwards : forwards.reverse();
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

const withArticle = (term: string) => (isNoun(term) ? `${/^[aeiou]/.test(term) ? 'an' : 'a'} ${term}` : term);

const plural = (noun: string) =>
  /[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : `${noun}${/(?:s|x|ch|sh)$/.test(noun) ? 'es' : 's'}`;

const isNoun = (term: string) => nounsKnown.has(term);

const names = [
  ...['Alex', 'Ben', 'Carla', 'Dora', 'Emil', 'Fae', 'Gina', 'Hugo', 'Ines', 'Jan'],
  ...['Kim', 'Lea', 'Max', 'Nora', 'Otto', 'Polly', 'Rex', 'Sam', 'Tara', 'Wren'],
];

const fictional = [
  ...['wumpus', 'yumpus', 'zumpus', 'dumpus', 'rompus', 'numpus', 'tumpus', 'vumpus', 'impus', 'jompus'],
  ...['gorpus', 'shumpus', 'lempus', 'sterpus', 'grimpus', 'lorpus', 'brimpus', 'timpus', 'yimpus', 'rempus'],
];

/** Of each family a problem has one, so that no two properties of it contradict each other. */
const families = [
  ['red', 'blue', 'brown', 'orange'],
  ['small', 'large', 'tiny'],
  ['metallic', 'wooden', 'luminous', 'liquid'],
  ['transparent', 'opaque'],
  ['nervous', 'happy', 'feisty', 'shy'],
  ['bright', 'dull'],
  ['sweet', 'sour', 'spicy', 'bitter'],
  ['floral', 'fruity', 'earthy'],
  ['hot', 'cold', 'temperate'],
  ['kind', 'mean', 'angry', 'amenable'],
  ['slow', 'fast'],
];

/** From the narrowest kind to the widest, each with something that is true of it. */
const taxonomies: readonly (readonly (readonly [string, string])[])[] = [
  [
    ['tabby', 'striped'],
    ['cat', 'whiskered'],
    ['feline', 'clawed'],
    ['carnivore', 'toothed'],
    ['mammal', 'warm-blooded'],
    ['vertebrate', 'bony'],
    ['chordate', 'bilateral'],
    ['animal', 'multicellular'],
  ],
  [
    ['swallowtail', 'tailed'],
    ['butterfly', 'winged'],
    ['lepidopteran', 'scaly'],
    ['insect', 'six-legged'],
    ['hexapod', 'three-segmented'],
    ['arthropod', 'jointed'],
    ['protostome', 'bilateral'],
    ['invertebrate', 'spineless'],
  ],
  [
    ['bulldog', 'wrinkled'],
    ['dog', 'furry'],
    ['canine', 'keen-nosed'],
    ['caniform', 'long-snouted'],
    ['placental', 'live-born'],
    ['amniote', 'lunged'],
    ['tetrapod', 'four-limbed'],
    ['eukaryote', 'cellular'],
  ],
];

const nounsKnown = new Set([...fictional, ...taxonomies.flat().map(([noun]) => noun)]);
