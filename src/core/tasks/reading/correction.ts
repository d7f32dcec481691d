/** The last place where a text takes back what it said before. */
export interface Correction {
  readonly word: string;
  /** What it says instead. */
  readonly after: string;
}

/** "72. Wait, actually 74": the last correction of a text, or `null` where nothing was taken back. */
export function lastCorrection(view: string): Correction | null {
  const last = [...view.matchAll(correction)].at(-1);
  if (last === undefined || view.slice(0, last.index).trim() === '') {
    return null;
  }
  const after = view.slice(last.index + last[0].length);
  return { word: last[0], after: after.replace(isWrong, '') };
}

/** The first sentence behind a correction, without "it should be". */
export function correctedSentence({ after }: Correction): string {
  const [sentence = ''] = after.split(/(?<=[.!?])\s|\n/, 1);
  return sentence.replace(leadIn, '').replace(/[.!]$/, '');
}

const correction =
  /(?:(?<=\? ?)no\b[,.:]? |(?<=(?:\.\.\.?|…| -) ?)no[,:] |(?<![\p{L}\d])(?:(?:oh |no,? |but )?wait|hold on|scratch that|correction|oops|sorry|(?:no, )?actually)(?:[,.:!;]| -|(?= actually| no\b| it| that| the answer| i )) ?(?:no, |actually,? )?)/giu;
const leadIn = /^(?:(?:no|actually|it is|it's|it should be|that should be|should be|make that|i mean|rather)[,:]? )*/i;
/** "That's wrong. It's 9." */
const isWrong =
  /^(?:(?:that|this|it)(?:'s| is| was|'s)? (?:wrong|incorrect|not right|not correct|a mistake|an error|my mistake)[.,;:!]? )/i;
