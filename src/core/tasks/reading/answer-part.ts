import { tidy } from './plain-text';

/** What an answer says: characters in one form, without thinking, the tokens that end a turn, and a fence around all of it. */
export function answerPart(text: string, clean: (text: string) => string = tidy): string {
  const ended =
    finalChannel(clean(text)).split(/<\|(?:im_end|endoftext|eot_id|end)\|>|<\/s>|<end_of_turn>/, 1)[0] ?? '';
  const thought = Math.max(...thinkTags.map((tag) => endOf(ended, `</${tag}>`)));
  const said = thought > 0 ? ended.slice(thought) : ended;
  const opened = thinkTags.map((tag) => said.indexOf(`<${tag}>`)).filter((start) => start >= 0);
  return withoutFence((opened.length === 0 ? said : said.slice(0, Math.min(...opened))).trim());
}

/** The content of a code fence that is all there is. */
export function withoutFence(text: string): string {
  const fence = /^```[\w-]*\n([\s\S]*?)\n?```$/.exec(text);
  return fence === null || fence[1]?.includes('```') ? text : (fence[1] ?? '').trim();
}

/** What a model says in its last channel, where it thinks in others (gpt-oss). */
function finalChannel(text: string): string {
  const channels = [...text.matchAll(/<\|channel\|>(\w+)[^<]{0,40}<\|message\|>/g)];
  const last = channels.at(-1);
  return last === undefined ? text : last[1] === 'final' ? text.slice(last.index + last[0].length) : '';
}

const thinkTags = ['think', 'thinking', 'thought', 'reasoning', 'scratchpad'];

const endOf = (text: string, part: string) => {
  const start = text.lastIndexOf(part);
  return start < 0 ? -1 : start + part.length;
};

/**
 * A model that is not stopped writes the next question itself, and answers it. Without a colon only a numbered heading
 * begins one: a line may end in "the problem."
 */
export function beforeNextQuestion(text: string): string {
  const next =
    /\n(?:#+ ?|\*\*)?(?:question|problem|exercise|q|user|human|instruction)(?:(?: ?\d+)?(?:\*\*)? ?:| ?\d+(?:\*\*)? ?\.)(?=[\s*])/i.exec(
      text,
    );
  return next === null ? text : text.slice(0, next.index).trim();
}
