import { z } from 'zod';
import { canonicalJson } from '../../canonical-json';
import { asRead, judged, quote, unanswered, unmeasured, unreadableAnswer } from '../task';
import type { AnswerCheck } from './check';

/** What an answer in JSON is compared by. */
export interface JsonOptions {
  /** Key paths whose values must be equal; all of the value by default. */
  readonly fields?: readonly string[] | undefined;
  /** A JSON Schema that an answer must match. */
  readonly schema?: Readonly<Record<string, unknown>> | undefined;
}

type Json = { readonly value: unknown } | { readonly reason: string };

/** Answers that are JSON. The order of keys, white space, a code fence and text around it do not matter. */
export function jsonCheck({ fields, schema }: JsonOptions): AnswerCheck {
  const validator = schema === undefined ? null : z.fromJSONSchema(schema);
  const read = (text: string): Json => {
    const found = jsonIn(text);
    if ('reason' in found || validator === null) {
      return found;
    }
    const parsed = validator.safeParse(found.value);
    const issue = parsed.error?.issues[0];
    return issue === undefined
      ? found
      : { reason: `does not match the schema at ${issue.path.join('.') || 'its root'}: ${issue.message}` };
  };
  const compared = (value: unknown): unknown =>
    fields === undefined ? value : Object.fromEntries(fields.map((path) => [path, memberAt(value, path) ?? null]));
  const parsed = (text: string) => {
    const found = read(text);
    return 'reason' in found
      ? { ok: false as const, reason: found.reason }
      : { ok: true as const, value: canonicalJson(compared(found.value)) };
  };
  return {
    readReference: (reference) => {
      const found = read(reference);
      const absent = 'reason' in found ? undefined : fields?.find((path) => memberAt(found.value, path) === undefined);
      return absent === undefined ? parsed(reference) : { ok: false, reason: `has no field ${absent}` };
    },
    readAnswer: parsed,
    grade: (reference, answer) => {
      if (answer.trim() === '') {
        return unanswered;
      }
      const [right, said] = [parsed(reference), parsed(answer)];
      if (!right.ok) {
        return unmeasured(`the reference ${right.reason}`);
      }
      return said.ok ? asRead(judged(said.value, said.value === right.value)) : unreadableAnswer(said.reason);
    },
    secondOpinion: null,
  };
}

/** What is wrong with a JSON Schema, or `null`. */
export function jsonSchemaProblem(schema: Readonly<Record<string, unknown>>): string | null {
  try {
    z.fromJSONSchema(schema);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The one JSON value of a text: all of it, or its last fenced block, or the last object or list in it. */
function jsonIn(text: string): Json {
  // The characters stay as they are: in JSON they are data.
  const said = text.replace(/^[\s\S]*<\/think(?:ing)?>/, '').trim();
  const fences = [...said.matchAll(/```[\w-]*\n([\s\S]*?)\n?```/g)].map(([, inside = '']) => inside);
  for (const candidate of [said, ...fences.reverse(), ...balanced(said)]) {
    const found = parse(candidate);
    if (found !== null) {
      return found;
    }
  }
  return { reason: `is not JSON: ${quote(text.trim().slice(0, 60))}` };
}

function parse(text: string): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return null;
  }
}

/** Texts from an opening brace or bracket to the one that closes it, outermost ones only, last first. */
function balanced(text: string): string[] {
  const found: string[] = [];
  let start = -1;
  let depth = 0;
  let isInString = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (isInString) {
      if (character === '\\') {
        index += 1;
      } else if (character === '"') {
        isInString = false;
      }
    } else if (character === '"' && depth > 0) {
      isInString = true;
    } else if (character === '{' || character === '[') {
      start = depth === 0 ? index : start;
      depth += 1;
    } else if ((character === '}' || character === ']') && depth > 0) {
      depth -= 1;
      if (depth === 0) {
        found.push(text.slice(start, index + 1));
      }
    }
  }
  return found.reverse();
}

function memberAt(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (inner, key) =>
        typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key) ? Reflect.get(inner, key) : undefined,
      value,
    );
}
