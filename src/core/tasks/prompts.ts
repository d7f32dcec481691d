/** The texts of a task's requests; `{question}` and `{answer}` stand for the seed's. Configuration may replace them. */
export interface Prompts {
  /** Asks the teacher for a new question. */
  readonly question: string;
  /** Asks the teacher for a worked answer. */
  readonly answer: string;
  /** What the student reads. */
  readonly student: string;
}

/** Whether the teacher is asked in the task's own words: the offline teacher knows no others. */
export const asksAsUsual = (prompts: Prompts, usual: Prompts) =>
  prompts.question === usual.question && prompts.answer === usual.answer;

/** Puts values into a template. A value is never read as a template itself. */
export function fill(template: string, values: { readonly question: string; readonly answer?: string }): string {
  return template.replace(/\{(question|answer)\}/g, (_, slot: 'question' | 'answer') => values[slot] ?? '');
}

/** The question that was put into a template with one slot; `null` where the text is not of it. */
export function slotOf(template: string, text: string): string | null {
  const [before, after] = template.split('{question}');
  if (before === undefined || after === undefined || !text.startsWith(before) || !text.endsWith(after)) {
    return null;
  }
  return text.length < before.length + after.length ? null : text.slice(before.length, text.length - after.length);
}

/** What a request asks for, told by the templates; `null` when it is of other ones. The offline teacher answers by it. */
export function readRequest(
  prompts: Prompts,
  content: string,
): { readonly asks: 'question' | 'answer'; readonly question: string } | null {
  for (const asks of ['question', 'answer'] as const) {
    const question = slotOf(prompts[asks], content);
    if (question !== null) {
      return { asks, question };
    }
  }
  return null;
}
