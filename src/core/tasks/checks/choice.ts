import { answerPart } from '../reading/answer-part';
import { type Choice, choiceForm, type Keys, withoutOptions } from '../reading/choices';
import { findAnswer } from '../reading/final-answer';
import { judged, quote, unanswered, unmeasured, unreadableAnswer, type Verdict } from '../task';
import type { AnswerCheck } from './check';

/** Keys of options: one, or several of which all must be named. */
export const choiceCheck: AnswerCheck = {
  readReference: (reference) => {
    const read = readReference(reference);
    return 'reason' in read ? { ok: false, reason: read.reason } : { ok: true, value: read.choice.join(', ') };
  },
  readAnswer: (answer) => {
    const read = [...new Set<Keys>(['letters', 'numbers'])]
      .map((keys) => findAnswer(withoutOptions(answer, keys), choiceForm(keys)))
      .find(({ state }) => state === 'read');
    return read?.state === 'read'
      ? { ok: true, value: read.value.join(', ') }
      : { ok: false, reason: `no option is named: ${quote(answer.trim().slice(-60))}` };
  },
  grade: gradeChoice,
  secondOpinion: null,
};

function gradeChoice(reference: string, answer: string): Verdict {
  if (answer.trim() === '') {
    return unanswered;
  }
  const right = readReference(reference);
  if ('reason' in right) {
    return unmeasured(`the reference names no option: ${right.reason}`);
  }
  const said = findAnswer(withoutOptions(answer, right.keys), choiceForm(right.keys));
  if (said.state === 'unreadable') {
    return unreadableAnswer(said.reason);
  }
  const shown = said.value.join(', ');
  return said.value.length > 1 && right.choice.length === 1
    ? unreadableAnswer(`it names several options: ${shown}`)
    : judged(shown, shown === right.choice.join(', '));
}

function readReference(text: string): { readonly keys: Keys; readonly choice: Choice } | { readonly reason: string } {
  for (const keys of ['letters', 'numbers'] as const) {
    const form = choiceForm(keys);
    const isMarked = /####|\\boxed|\banswer\b/i.test(text);
    const whole = isMarked ? null : form.marked(answerPart(text));
    if (whole !== null && 'value' in whole) {
      return { keys, choice: whole.value };
    }
    const found = isMarked ? findAnswer(text, form) : null;
    if (found?.state === 'read') {
      return { keys, choice: found.value };
    }
  }
  return { reason: quote(text.trim()) };
}
