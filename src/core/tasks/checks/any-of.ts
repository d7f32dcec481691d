import type { Parsed, Verdict } from '../task';
import type { AnswerCheck } from './check';

const MARK = 'any of: ';

/** Several right answers as one reference. One alone stays as it is. */
export const writeReferences = (references: readonly [string, ...string[]]): string =>
  references.length === 1 ? references[0] : `${MARK}${JSON.stringify(references)}`;

/** The right answers of a reference: those that `writeReferences` wrote, or the reference itself. */
export function referencesOf(reference: string): readonly [string, ...string[]] {
  if (!reference.startsWith(`${MARK}[`)) {
    return [reference];
  }
  try {
    const found: unknown = JSON.parse(reference.slice(MARK.length));
    const [first, ...others] = Array.isArray(found) ? found : [];
    const isText = (value: unknown): value is string => typeof value === 'string';
    return isText(first) && others.every(isText) ? [first, ...others] : [reference];
  } catch {
    return [reference];
  }
}

/** A check for which an answer is right that agrees with any of several references; of scores, the best one counts. */
export function anyOf(check: AnswerCheck): AnswerCheck {
  const { secondOpinion } = check;
  return {
    ...check,
    readReference: (reference) => {
      const [first, ...others] = referencesOf(reference).map((each) => check.readReference(each));
      return others.reduce<Parsed>((all, each) => (all.ok && !each.ok ? each : all), first ?? check.readReference(''));
    },
    grade: (reference, answer) => {
      const [first, ...others] = referencesOf(reference);
      return others.reduce((best, each) => better(best, check.grade(each, answer)), check.grade(first, answer));
    },
    secondOpinion: secondOpinion && {
      ...secondOpinion,
      // It compares two texts: of several references, the check's own comparisons are the last word.
      pair: (reference, answer) =>
        referencesOf(reference).length === 1 ? secondOpinion.pair(reference, answer) : null,
    },
  };
}

const rank = ({ state, score }: Verdict): number =>
  ({ correct: 3, wrong: 2, unreadable: 1, unmeasured: 0 })[state] + (score ?? 0);

const better = (left: Verdict, right: Verdict): Verdict => (rank(right) > rank(left) ? right : left);
