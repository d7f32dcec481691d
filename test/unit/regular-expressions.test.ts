import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseSync } from '@swc/core';
import { checkSync } from 'recheck';

/**
 * Every regular expression of the sources that could take exponential time, looked at by a ReDoS checker.
 */
const src = join(__dirname, '..', '..', 'src');

interface Expression {
  readonly file: string;
  readonly pattern: string;
  readonly flags: string;
}

function expressionsIn(file: string): Expression[] {
  const found: Expression[] = [];
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) {
      node.forEach(walk);
    } else if (typeof node === 'object' && node !== null) {
      const { type, pattern, flags } = node as Record<string, unknown>;
      if (type === 'RegExpLiteral') {
        found.push({ file: relative(src, file), pattern: String(pattern), flags: String(flags) });
      }
      Object.values(node).forEach(walk);
    }
  };
  walk(parseSync(readFileSync(file, 'utf8'), { syntax: 'typescript' }).body);
  return found;
}

const expressions = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .flatMap((name) => expressionsIn(join(src, name)));

/** A group that is repeated without a limit and holds a choice or another repetition: nothing else is exponential. */
function repeatsChoices(pattern: string): boolean {
  const plain = pattern.replace(/\\./g, 'x').replace(/\[[^\]]*\]/g, 'x');
  const opened: number[] = [];
  for (let at = 0; at < plain.length; at += 1) {
    if (plain[at] === '(') {
      opened.push(at);
    } else if (plain[at] === ')') {
      const inside = plain.slice((opened.pop() ?? 0) + 1, at).replace(/^\?(?:[:=!]|<[=!])/, '');
      if (/^(?:[*+]|\{\d+,\})/.test(plain.slice(at + 1)) && /[*+?{|]/.test(inside)) {
        return true;
      }
    }
  }
  return false;
}

function complexityOf({ pattern, flags }: Expression): string {
  const found = checkSync(pattern, flags, { timeout: 20_000 });
  if (found.status === 'unknown') {
    return found.status;
  }
  return found.complexity.type === 'exponential' ? 'exponential' : found.complexity.summary;
}

test('the sources are looked at', () => expect(expressions.length).toBeGreaterThan(400));

test('the checker finds what is known to freeze', () => {
  for (const pattern of [
    '(a+)+$',
    '(a|a)*b',
    '^(.*(?:\\d)) ?((?:[a-z]{2,}\\.?)(?:[ /]?(?:[a-z]+\\.?))*(?:\\^[23])?)$',
  ]) {
    expect([pattern, repeatsChoices(pattern)]).toEqual([pattern, true]);
    expect(complexityOf({ file: '', pattern, flags: '' })).toBe('exponential');
  }
});

const nested = expressions.filter(({ pattern }) => repeatsChoices(pattern));

test.each(nested.map((expression) => [expression.file, expression.pattern, expression] as const))(
  '%s: /%s/ does not take exponential time',
  (_, __, expression) => {
    expect(complexityOf(expression)).toMatch(/^(?:safe|linear|2nd degree polynomial)/);
  },
);
