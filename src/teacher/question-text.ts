import { type Parsed, quote } from '../core/tasks/task';

/**
 * The question inside what a teacher wrote. Models frame it ("Sure! Here is a new question: ..."), label it, and add the
 * answer or a closing remark. A label or ending that the seed's own question has too is the task's form, and stays.
 * @returns the bare question, or why there is none
 */
export function questionIn(text: string, seedQuestion: string): Parsed {
  let question = text.trim();
  for (let before = ''; before !== question; ) {
    before = question;
    question = withoutQuotes(withoutOpening(question, seedQuestion)).trim();
  }
  if (isRefusal(question)) {
    return { ok: false, reason: `the teacher refused: ${quote(question)}` };
  }
  question = withoutAnswer(withoutClosing(question), seedQuestion).trim();
  return question === ''
    ? { ok: false, reason: 'the reply has no question' }
    : { ok: true, value: withoutQuotes(question) };
}

/** "I'm sorry, but I can't help with that", and its kin, at the beginning of a text. */
export function isRefusal(text: string): boolean {
  const start = text.trim().slice(0, 300).replaceAll(/[’‘]/g, "'");
  return refusals.some((refusal) => refusal.test(start));
}

const cannot =
  "(?:can(?:'|no)?t|can not|am (?:not able|unable) to|'m (?:not able|unable) to|won't|will not|must decline)";
const helps =
  '(?:help|assist|provide|generate|create|write|produce|fulfil|fulfill|comply|continue|complete|answer|do that|engage|discuss|share|support)';
const refusals: readonly RegExp[] = [
  new RegExp(
    `^(?:(?:i'm|i am) (?:really |very |so )?sorry|sorry|i apologi[sz]e|unfortunately|my apologies)[,.;:!]?\\s+(?:but\\s+)?(?:as an ai[^,.]*,\\s*)?i\\s*${cannot}`,
    'i',
  ),
  new RegExp(`^(?:i\\s*${cannot})\\s+${helps}\\b`, 'i'),
  /^as an? (?:ai|artificial intelligence|(?:large )?language model)\b/i,
  /^(?:i'm|i am) (?:really |very |so )?sorry,? but (?:this|that|the|your) (?:request|content|prompt|question)\b/i,
];

const assent =
  '(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok|great|alright|no problem|happy to help)[!,.:–—-]+\\s*';
const offer = "(?:i(?:['’]d| would) be (?:happy|glad)[^\\n.!?]{0,60}[.!]\\s*)?";
const questionNoun =
  '(?:questions?|problems?|exercises?|puzzles?|tasks?|examples?|one|versions?|variations?|variants?)';
const announcement = `(?:(?:here(?:['’]s| is| are)|below is|this is|i(?:['’]ve| have) (?:created|written|made)|let['’]s (?:try|do|use))\\b[^\\n?:]{0,120}\\b${questionNoun}\\b[^\\n?:]{0,80}:\\s*)`;
const opening = new RegExp(`^(?:${assent}${offer})?${announcement}?`, 'i');
const label =
  /^[\s*_#>-]*(?:the |a |my )?(?:(?:new|similar|generated|rewritten|modified|revised|another|example|variant|next|math(?:ematics)?|word)\s+){0,3}(?:question|problem|exercise|puzzle|task)(?:\s+(?:no\.?\s*)?#?\d+)?[\s*_]*[:：][\s*_]*/i;

function withoutOpening(text: string, seedQuestion: string): string {
  const bare = text.replace(opening, '');
  return label.test(seedQuestion) ? bare : bare.replace(label, '');
}

/** A text that is quoted, bold or fenced as a whole. */
function withoutQuotes(text: string): string {
  const whole =
    /^```[a-z]*\n([^`]*)\n```$/i.exec(text) ??
    /^\*\*([^*]+)\*\*$/.exec(text) ??
    /^"([^"]+)"$/.exec(text) ??
    /^“([^“”]+)”$/.exec(text);
  return whole?.[1] ?? text;
}

const closing =
  /\n\s*\n(?:i hope (?:this|that)|let me know|feel free|would you like|do you want|please let me know|hope this|is there anything)[^\n]*$/i;

const withoutClosing = (text: string): string => text.replace(closing, '').trimEnd();

const answerLabel =
  '\\**(?:(?:the|correct|final|expected|reference|worked)\\s+)*(?:answer|solution)(?: key)?\\**\\s*[:：]\\**';
/** A line that begins with the label, or the label right behind a sentence; then the answer, to the end. */
const answer = new RegExp(`(?:\\n[\\s#>]*|(?<=[.?!)\\]])\\s+)${answerLabel}\\s*\\S[\\s\\S]*$`, 'i');
const boxedLine = /\n\s*####\s*\S[^\n]*$/;

/** Without the answer that was written behind the question. A blank to be filled in, or a question about it, stays. */
function withoutAnswer(text: string, seedQuestion: string): string {
  const found = answer.exec(text);
  if (found === null || answer.test(seedQuestion) || text.endsWith('?')) {
    return boxedLine.test(seedQuestion) ? text : text.replace(boxedLine, '');
  }
  return text.slice(0, found.index);
}
