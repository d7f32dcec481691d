/** Marks that models put around their thoughts, where the server leaves them in the text. */
const marks: readonly (readonly [open: string, close: string])[] = [
  ['<think>', '</think>'],
  ['<thinking>', '</thinking>'],
  ['<thought>', '</thought>'],
  ['<reasoning>', '</reasoning>'],
  ['<seed:think>', '</seed:think>'],
  ['[THINK]', '[/THINK]'],
  ['◁think▷', '◁/think▷'],
  ['<|START_THINKING|>', '<|END_THINKING|>'],
  ['<|channel|>analysis<|message|>', '<|channel|>final<|message|>'],
];

/** What follows the thoughts, and the thoughts; `isOpen`: they never end, so nothing follows. */
export interface SplitText {
  readonly rest: string;
  readonly thoughts: string;
  readonly isOpen: boolean;
}

/**
 * Separates a model's thoughts from its text. A closing mark alone ends thoughts too: chat templates often put the
 * opening one into the prompt. An opening mark without its end means that the reply was all thought.
 */
export function splitReasoning(text: string): SplitText {
  for (const [open, close] of marks) {
    const end = text.lastIndexOf(close);
    const start = text.trimStart().startsWith(open) ? text.indexOf(open) : -1;
    if (end >= 0 && (start >= 0 || isPlainMark(open))) {
      const thoughts = text.slice(0, end).replaceAll(open, '').replaceAll(close, '').trim();
      return { rest: text.slice(end + close.length), thoughts, isOpen: false };
    }
    if (start >= 0) {
      return { rest: '', thoughts: text.slice(start + open.length).trim(), isOpen: true };
    }
  }
  return { rest: text, thoughts: '', isOpen: false };
}

/** Marks that stand in no other text; `<thought>` and `<reasoning>` may be markup of the task itself. */
const isPlainMark = (open: string) => open !== '<thought>' && open !== '<reasoning>';
