import { type AnswerForm, type Found, findAnswer } from '../reading/final-answer';
import { isNegated } from '../reading/negation';
import { withoutMarkup } from '../reading/plain-text';
import { asRead, judged, quote, unanswered, unmeasured, unreadableAnswer } from '../task';
import type { AnswerCheck } from './check';

/** Answers that name one of the user's labels: classification. An answer that names none or several cannot be read. */
export function labelsCheck(labels: readonly string[]): AnswerCheck {
  const form = labelForm(labels);
  const readReference = (reference: string) => {
    const plain = comparable(reference);
    return labels.find((label) => comparable(label) === plain) ?? null;
  };
  const known = labels.join(', ');
  return {
    readReference: (reference) => {
      const label = readReference(reference);
      return label === null
        ? { ok: false, reason: `is none of the labels ${known}: ${quote(reference.trim())}` }
        : { ok: true, value: label };
    },
    readAnswer: (answer) => {
      const said = findAnswer(answer, form);
      return said.state === 'read' ? { ok: true, value: said.value } : { ok: false, reason: said.reason };
    },
    grade: (reference, answer) => {
      if (answer.trim() === '') {
        return unanswered;
      }
      const right = readReference(reference);
      if (right === null) {
        return unmeasured(`the reference is none of the labels ${known}`);
      }
      const said = findAnswer(answer, form);
      return said.state === 'unreadable'
        ? unreadableAnswer(said.reason)
        : asRead(judged(said.value, said.value === right));
    },
    secondOpinion: null,
  };
}

function labelForm(labels: readonly string[]): AnswerForm<string> {
  return {
    marked: (text) => labelIn(labels, text),
    // A sentence may name a label in passing; a line that ends in one, or gives it after a colon, states it.
    line: (text) => labelIn(labels, text),
    whole: (text) => {
      const label = labels.find((each) => comparable(each) === comparable(text));
      return label === undefined ? null : { value: label };
    },
  };
}

/** Longer labels first, so that "not spam" is not read as "spam". */
function labelIn(labels: readonly string[], text: string): Found<string> {
  const said = withoutMarkup(text).toLowerCase();
  const whole = labels.find((label) => comparable(label) === comparable(text));
  if (whole !== undefined) {
    return { value: whole };
  }
  const byLength = [...labels].sort((left, right) => right.length - left.length);
  const found = new Set<string>();
  let rest = said;
  for (const label of byLength) {
    rest = rest.replace(wordsOf(label), (words: string, offset: number, all: string) => {
      if (isNegated(all.slice(Math.max(0, offset - 40), offset))) {
        found.add(`not ${label}`);
      } else {
        found.add(label);
      }
      return '\u0000'.repeat(words.length);
    });
  }
  const [only] = found;
  if (only === undefined) {
    return null;
  }
  const affirmed = [...found].filter((label) => labels.includes(label));
  if (affirmed.length === 1 && affirmed[0] !== undefined && !found.has(`not ${affirmed[0]}`) && !hedges.test(said)) {
    // "It is not positive, it is negative": what is denied is ruled out.
    return { value: affirmed[0] };
  }
  if (found.size > 1) {
    return { doubt: `it names several labels: ${[...found].join(', ')}` };
  }
  if (!labels.includes(only) || hedges.test(said)) {
    return { doubt: `it does not settle on a label: ${quote(text.trim())}` };
  }
  return { value: only };
}

const hedges =
  /\b(?:maybe|might|may be|could be|possibly|perhaps|unclear|unsure|not sure|cannot tell|can't tell|hard to say|either|whether|if)\b/;

/** The label as whole words, in any spacing. */
const wordsOf = (label: string) =>
  new RegExp(
    `(?<![\\p{L}\\p{N}_-])${label
      .trim()
      .toLowerCase()
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replace(/[\s_-]+/g, '[\\s_-]+')}(?![\\p{L}\\p{N}_]|-\\p{L})`,
    'gu',
  );

/** Case, spacing, quotes and a full stop do not matter. */
const comparable = (text: string) =>
  withoutMarkup(text)
    .toLowerCase()
    .replace(/[\s_-]+/g, ' ')
    .replace(/^[\s"'`*([]+|[\s"'`*)\].!]+$/g, '');
