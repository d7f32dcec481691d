/** A term is a noun in the singular or an adjective, in lower case. */
export interface Rule {
  readonly kind: 'rule';
  readonly subject: string;
  readonly predicate: string;
  readonly negated: boolean;
}

export interface Fact {
  readonly kind: 'fact';
  readonly entity: string;
  readonly predicate: string;
  readonly negated: boolean;
}

export type Statement = Rule | Fact;

export interface ProofProblem {
  readonly context: readonly Statement[];
  readonly query: Fact;
}

const SENTENCES_MAX = 200;
const QUERY = 'True or false: ';

/**
 * Reads `Sam is a wumpus. Every wumpus is a rompus. ... True or false: Sam is not red.` A word of what could not be
 * read comes back as the reason.
 */
export function readProblem(text: string): ProofProblem | { readonly unread: string } {
  const [before, after, ...more] = text.trim().split(QUERY);
  if (before === undefined || after === undefined || more.length > 0) {
    return { unread: `expected one "${QUERY.trim()}"` };
  }
  const sentences = sentencesOf(before);
  const context = sentences.map(readStatement);
  const broken = sentences.find((_, index) => context[index] === null);
  const query = readStatement(sentencesOf(after)[0] ?? '');
  if (broken !== undefined || sentences.length === 0 || sentences.length > SENTENCES_MAX) {
    return { unread: broken ?? `${sentences.length} sentences` };
  }
  if (query?.kind !== 'fact' || sentencesOf(after).length !== 1) {
    return { unread: after.trim() };
  }
  return { context: context.filter((statement) => statement !== null), query };
}

/** One sentence: `Every X is a Y`, `Xs are not Y`, `Sam is a Y`. `null` when it has none of these forms. */
export function readStatement(sentence: string): Statement | null {
  const words = sentence.trim().replace(/\.$/, '').split(/\s+/);
  if (words.length > 8 || words.some((word) => !/^[A-Za-z-]{1,40}$/.test(word))) {
    return null;
  }
  const [first = '', second = ''] = words;
  const lower = words.map((word) => word.toLowerCase());
  if (/^(?:each|every)$/i.test(first)) {
    const said = lower[2] === 'is' ? readPredicate(lower.slice(3)) : null;
    return said && { kind: 'rule', subject: lower[1] as string, ...said };
  }
  const plural = /^all$/i.test(first) ? lower.slice(1) : lower;
  if (plural[1] === 'are') {
    const said = readPredicate(plural.slice(2));
    return (
      said && { kind: 'rule', subject: singular(plural[0] as string), ...said, predicate: singular(said.predicate) }
    );
  }
  const said = second.toLowerCase() === 'is' ? readPredicate(lower.slice(2)) : null;
  return said && { kind: 'fact', entity: first, ...said };
}

/** Everything that follows about the query's entity, with the number of steps it takes: `null` when that contradicts itself. */
export function conclusions({
  context,
  query,
}: ProofProblem): ReadonlyMap<string, { negated: boolean; hops: number }> | null {
  const known = new Map<string, { negated: boolean; hops: number }>();
  let isConsistent = true;
  const learn = (predicate: string, negated: boolean, hops: number): boolean => {
    const earlier = known.get(predicate);
    isConsistent &&= earlier === undefined || earlier.negated === negated;
    if (earlier === undefined) {
      known.set(predicate, { negated, hops });
    }
    return earlier === undefined;
  };
  let fresh = context.flatMap((statement) =>
    statement.kind === 'fact' && statement.entity === query.entity && learn(statement.predicate, statement.negated, 0)
      ? [statement]
      : [],
  );
  for (let hops = 1; fresh.length > 0; hops += 1) {
    const reached = new Set(fresh.filter(({ negated }) => !negated).map(({ predicate }) => predicate));
    fresh = context.flatMap((statement) =>
      statement.kind === 'rule' && reached.has(statement.subject) && learn(statement.predicate, statement.negated, hops)
        ? [{ kind: 'fact' as const, entity: query.entity, predicate: statement.predicate, negated: statement.negated }]
        : [],
    );
  }
  return isConsistent ? known : null;
}

/** Whether the query is true, and after how many steps; `null` when the context does not say, or contradicts itself. */
export function decide(problem: ProofProblem): { readonly label: boolean; readonly hops: number } | null {
  const found = conclusions(problem)?.get(problem.query.predicate);
  return found === undefined ? null : { label: found.negated === problem.query.negated, hops: found.hops };
}

/** The shortest proof, each step as the statement it makes: the fact, then each rule and what it gives. */
export function prove(problem: ProofProblem): Statement[] | null {
  const { context, query } = problem;
  const known = conclusions(problem);
  if (known?.get(query.predicate) === undefined) {
    return null;
  }
  const steps: Statement[] = [];
  let predicate = query.predicate;
  for (let hops = known.get(predicate)?.hops ?? 0; hops > 0; hops -= 1) {
    const rule = context.find(
      (statement): statement is Rule =>
        statement.kind === 'rule' &&
        statement.predicate === predicate &&
        statement.negated === known.get(predicate)?.negated &&
        known.get(statement.subject)?.negated === false &&
        known.get(statement.subject)?.hops === hops - 1,
    ) as Rule;
    steps.unshift(rule, { kind: 'fact', entity: query.entity, predicate, negated: rule.negated });
    predicate = rule.subject;
  }
  return [{ kind: 'fact', entity: query.entity, predicate, negated: known.get(predicate)?.negated ?? false }, ...steps];
}

/**
 * Whether a written proof is sound and decides the query as `label` says: every sentence is one of the context, or
 * follows from an earlier sentence of the proof by a rule of the context.
 */
export function isProof(problem: ProofProblem, sentences: readonly string[], label: boolean): boolean {
  const given = new Set(problem.context.map(statementKey));
  const rules = problem.context.filter((statement) => statement.kind === 'rule');
  const shown = new Set<string>();
  for (const sentence of sentences.slice(0, SENTENCES_MAX)) {
    const statement = readStatement(sentence);
    if (statement === null) {
      return false;
    }
    const follows =
      statement.kind === 'fact' &&
      rules.some(
        ({ subject, predicate, negated }) =>
          predicate === statement.predicate &&
          negated === statement.negated &&
          shown.has(statementKey({ kind: 'fact', entity: statement.entity, predicate: subject, negated: false })),
      );
    if (!follows && !given.has(statementKey(statement))) {
      return false;
    }
    shown.add(statementKey(statement));
  }
  const { query } = problem;
  return shown.has(statementKey(label ? query : { ...query, negated: !query.negated }));
}

export const statementKey = (statement: Statement) =>
  `${statement.kind === 'rule' ? `every ${statement.subject}` : statement.entity} ${statement.negated ? 'not ' : ''}${statement.predicate}`;

/** The sentences of a text, without their full stops. */
export const sentencesOf = (text: string) =>
  text
    .split(/[.\n]/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '');

function readPredicate(words: readonly string[]): { predicate: string; negated: boolean } | null {
  const negated = words[0] === 'not';
  const rest = negated ? words.slice(1) : words;
  const [predicate, ...more] = rest[0] === 'a' || rest[0] === 'an' ? rest.slice(1) : rest;
  return predicate === undefined || more.length > 0 ? null : { predicate, negated };
}

/** Of the plurals that English forms by rule. */
function singular(word: string): string {
  if (/(?:ss|[^s]us|ous)$/.test(word)) {
    return word;
  }
  return word
    .replace(/(?:(us|x|ch|sh|ss|z))es$/, '$1')
    .replace(/([^aeiou])ies$/, '$1y')
    .replace(/([^su])s$/, '$1');
}
