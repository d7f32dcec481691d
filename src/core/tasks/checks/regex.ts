import { RE2JS } from 're2js';
import { answerPart } from '../reading/answer-part';
import { READ_CHARACTERS_MAX } from '../reading/plain-text';
import { judged, quote, unanswered, unmeasured, unreadableAnswer } from '../task';
import type { AnswerCheck } from './check';

const PATTERN_CHARACTERS_MAX = 2000;
export const patternFlags = ['i', 'm', 's'] as const;
export type PatternFlag = (typeof patternFlags)[number];

/** What a user's own pattern finds: its first group, or all of it, where it matches last. */
export function regexCheck(pattern: string, flags: readonly PatternFlag[] = []): AnswerCheck {
  const compiled = compile(pattern, flags);
  const read = (text: string) => lastMatch(compiled, text);
  return {
    readReference: (reference) => {
      const found = read(reference);
      return found === null
        ? { ok: false, reason: `the pattern finds nothing in ${quote(reference.trim())}` }
        : { ok: true, value: found };
    },
    readAnswer: (answer) => {
      const found = read(answer);
      return found === null
        ? { ok: false, reason: `the pattern finds nothing in ${quote(answer.trim().slice(-60))}` }
        : { ok: true, value: found };
    },
    grade: (reference, answer) => {
      if (answer.trim() === '') {
        return unanswered;
      }
      const right = read(reference);
      if (right === null) {
        return unmeasured(`the pattern finds nothing in the reference ${quote(reference.trim())}`);
      }
      const said = read(answer);
      return said === null
        ? unreadableAnswer(`the pattern finds nothing in ${quote(answer.trim().slice(-60))}`)
        : judged(said, said === right);
    },
    secondOpinion: null,
  };
}

/** What is wrong with a pattern, or `null`. */
export function patternProblem(pattern: string): string | null {
  if (pattern.length > PATTERN_CHARACTERS_MAX) {
    return `at most ${PATTERN_CHARACTERS_MAX} characters, got ${pattern.length}`;
  }
  try {
    return compile(pattern, []).matcher('').find() ? 'it matches the empty text, and so every answer' : null;
  } catch (error) {
    return `${(error as Error).message}; patterns are RE2's (no back references, no look-around)`;
  }
}

/** RE2 takes time that is linear in the text, whatever the pattern (Cox 2010). */
const compile = (pattern: string, flags: readonly PatternFlag[]) =>
  RE2JS.compile(
    pattern,
    flags.reduce((sum, flag) => sum | bits[flag], 0),
  );

const bits = { i: RE2JS.CASE_INSENSITIVE, m: RE2JS.MULTILINE, s: RE2JS.DOTALL };

/** In the last line that it matches; a pattern for several lines is looked for in the whole text. */
function lastMatch(compiled: RE2JS, text: string): string | null {
  const read = text.slice(-READ_CHARACTERS_MAX);
  const body = /<think/i.test(read) ? answerPart(read) : read.trim();
  for (const line of [...body.split('\n').reverse(), body]) {
    const matcher = compiled.matcher(line);
    if (matcher.find()) {
      return ((matcher.groupCount() > 0 ? matcher.group(1) : null) ?? matcher.group() ?? '').trim();
    }
  }
  return null;
}
