import type { z } from 'zod';
import { formsAt, keysAt } from './json-schema';
import { getIn, type KeyPath } from './key-path';
import { type ConfigProblem, nearest } from './problems';
import type { Sources } from './sources';

type Issue = z.core.$ZodIssue;

/** The problems that the schema found, each with its position in the sources. */
export function schemaProblems(issues: readonly Issue[], value: unknown, sources: Sources): ConfigProblem[] {
  return issues.flatMap((issue) => problemsOf(issue, issue.path as KeyPath));

  function problemsOf(issue: Issue, path: KeyPath): ConfigProblem[] {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => {
        const known = keysAt(path);
        const didYouMean = nearest(key, known);
        const message = didYouMean === null ? `unknown key; known here: ${known.join(', ')}` : 'unknown key';
        return sources.problem([...path, key], message, { at: 'key', didYouMean });
      });
    }
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      const branch = meantBranch(issue.errors);
      if (branch !== null) {
        return branch.flatMap((inner) => problemsOf(inner, [...path, ...(inner.path as KeyPath)]));
      }
    }
    const got = getIn(value, path);
    if (got === undefined) {
      return [sources.problem(path, `missing: expected ${expected(issue, path)}`)];
    }
    const didYouMean = typeof got === 'string' ? nearest(got, choices(issue)) : null;
    return [sources.problem(path, `expected ${expected(issue, path)}, got ${describeValue(got)}`, { didYouMean })];
  }
}

/** For a value with several forms, the form that was meant: the one whose type fits. */
function meantBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | null {
  const isOfAnotherType = (issue: Issue) => issue.path.length === 0 && issue.code === 'invalid_type';
  // A mapping of another kind (of task) was not meant, unless no kind fits.
  const isOfAnotherKind = (issue: Issue) => issue.path[0] === 'kind';
  const typed = branches.filter((issues) => !issues.some(isOfAnotherType));
  const ofKind = typed.filter((issues) => !issues.some(isOfAnotherKind));
  const fitting = ofKind.length > 0 ? ofKind : typed;
  return (
    fitting.find((issues) => issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys')) ??
    fitting[0] ??
    null
  );
}

const typeNames: Readonly<Record<string, string>> = {
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
};

function expected(issue: Issue, path: KeyPath): string {
  switch (issue.code) {
    case 'invalid_type':
      return formsAt(path).some(({ type }) => type === 'integer')
        ? 'a whole number'
        : (typeNames[issue.expected] ?? issue.expected);
    case 'too_small':
      return limit(issue.origin, issue.inclusive === false ? 'above' : 'at least', issue.minimum);
    case 'too_big':
      return limit(issue.origin, issue.inclusive === false ? 'below' : 'at most', issue.maximum);
    case 'invalid_format':
      return issue.format === 'url' ? 'a URL such as https://api.openai.com/v1' : lowerFirst(issue.message);
    case 'invalid_value':
    case 'invalid_union':
      return choices(issue).length === 0 ? 'another kind of value' : `one of ${choices(issue).join(', ')}`;
    default:
      return lowerFirst(issue.message);
  }
}

function limit(origin: string, relation: string, bound: number | bigint): string {
  if (origin === 'string') {
    return 'a text that is not empty';
  }
  return origin === 'array' ? `a list of ${relation} ${bound}` : `a number ${relation} ${bound}`;
}

function choices(issue: Issue): string[] {
  if (issue.code === 'invalid_value') {
    return issue.values.map(String);
  }
  if (issue.code !== 'invalid_union') {
    return [];
  }
  const options = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
  return [...options, ...issue.errors.flat().flatMap((inner) => (inner.path.length === 0 ? choices(inner) : []))];
}

function describeValue(value: unknown): string {
  if (value === null) {
    return 'nothing';
  }
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
