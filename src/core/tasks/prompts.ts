import { z } from 'zod';

/** The texts of a task's requests; `{question}` and `{answer}` stand for the seed's. Configuration may replace them. */
export interface Prompts {
  /** Asks the teacher for a new question. */
  readonly question: string;
  /** Asks the teacher for a worked answer. */
  readonly answer: string;
  /** What the student reads. */
  readonly student: string;
}

/** The `prompts` section of a task. */
export function promptsSchema(defaults: Prompts) {
  return z.strictObject(promptsShape(defaults)).prefault({});
}

export function promptsShape(defaults: Prompts) {
  return {
    question: template('question', 'answer')
      .default(defaults.question)
      .describe("asks the teacher for a new question; {question} and {answer} are the seed's"),
    answer: template('question')
      .default(defaults.answer)
      .describe('asks the teacher for a worked answer to {question}'),
    student: template('question').default(defaults.student).describe('what the student reads'),
  };
}

/** A template that holds `{question}` exactly once and no slot that nothing would fill. JSON in braces is ordinary text. */
function template(...slots: readonly ('question' | 'answer')[]) {
  return z.string().superRefine((text, context) => {
    const problem = templateProblem(text, slots);
    if (problem !== null) {
      context.addIssue({ code: 'custom', message: problem });
    }
  });
}

function templateProblem(text: string, slots: readonly string[]): string | null {
  const doubled = /\{\{\s*([\w.]+)\s*\}\}/.exec(text);
  if (doubled !== null) {
    return `slots in single braces, such as {${doubled[1]}}`;
  }
  const known = slots.map((slot) => `{${slot}}`).join(' and ');
  const unknown = [...text.matchAll(/\{([\w.-]+)\}/g)].find(([, slot = '']) => !slots.includes(slot));
  if (unknown !== undefined) {
    return `only ${known} as a slot here; other columns go into the template task.question, not ${unknown[0]}`;
  }
  return text.split('{question}').length === 2 ? null : 'a text that holds {question} exactly once';
}

/** Whether the requests have the task's own wording, the only one that the offline teacher understands. */
export const usesDefaultRequests = (prompts: Prompts, defaults: Prompts) =>
  prompts.question === defaults.question && prompts.answer === defaults.answer;

/** Fills a template. Placeholders inside a value are not filled. */
export function fill(template: string, values: { readonly question: string; readonly answer?: string }): string {
  return template.replace(/\{(question|answer)\}/g, (_, slot: 'question' | 'answer') => values[slot] ?? '');
}

/** The question that was put into a template with one slot; `null` where the text does not fit the template. */
export function slotOf(template: string, text: string): string | null {
  const [before, after] = template.split('{question}');
  if (before === undefined || after === undefined || !text.startsWith(before) || !text.endsWith(after)) {
    return null;
  }
  return text.length < before.length + after.length ? null : text.slice(before.length, text.length - after.length);
}

/** What a request asks for, by the template it fits; `null` when it fits none. The offline teacher answers by it. */
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
