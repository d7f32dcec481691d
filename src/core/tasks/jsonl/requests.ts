import type { Seed } from '../../records';
import { referencesOf } from '../checks/any-of';
import { fill } from '../prompts';
import { parseQuestionText } from '../reading/question-text';
import type { ChatMessage, Task } from '../task';
import { readConversation, writeConversation } from './conversation';
import type { JsonlOptions } from './schema';

/**
 * What student and teacher read. Of a conversation, the earlier turns stay turns, and the templates are filled with the
 * user's last one: that is what the teacher writes anew. Examples from other seeds precede it, as turns.
 */
export function requestsOf({
  prompts,
  messages,
}: JsonlOptions): Pick<Task, 'studentPrompt' | 'questionMessages' | 'answerMessages' | 'parseQuestion' | 'newPart'> {
  const isConversation = messages !== undefined;
  const turnsOf = (question: string): ReturnType<typeof readConversation> =>
    isConversation ? readConversation(question) : [{ role: 'user', content: question }];
  const split = (question: string) => {
    const turns = turnsOf(question);
    return { earlier: turns.slice(0, -1), asked: turns.at(-1)?.content ?? '' };
  };
  const questionRequest = ({ question, answer }: Pick<Seed, 'question' | 'answer'>) =>
    fill(prompts.question, { question: split(question).asked, answer: referencesOf(answer ?? '')[0] });
  const answerRequest = (question: string) => fill(prompts.answer, { question: split(question).asked });

  /** Each seed of the examples is followed by the next one, as the new question that was asked for. */
  const questionExamples = (examples: NonNullable<Seed['examples']>): ChatMessage[] =>
    examples.slice(0, -1).flatMap((example, index) => [
      { role: 'user', content: questionRequest(example) },
      { role: 'assistant', content: split(examples[index + 1]?.question ?? '').asked },
    ]);
  const answerExamples = (examples: NonNullable<Seed['examples']>): ChatMessage[] =>
    examples.slice(0, -1).flatMap(({ question, answer }) => [
      { role: 'user', content: answerRequest(question) },
      { role: 'assistant', content: referencesOf(answer)[0] },
    ]);
  const inTurns = (question: string, examples: readonly ChatMessage[], content: string): ChatMessage[] => {
    const { system, others } = withSystem(prompts.system, split(question).earlier);
    return [...system, ...examples, ...others, { role: 'user', content }];
  };

  return {
    studentPrompt: (question) => {
      const { earlier, asked } = split(question);
      const content = fill(prompts.student, { question: asked });
      return earlier.length === 0 ? content : [...earlier, { role: 'user', content }];
    },
    questionMessages: (seed) => inTurns(seed.question, questionExamples(seed.examples ?? []), questionRequest(seed)),
    answerMessages: (question, seed) =>
      inTurns(question, answerExamples(seed?.examples ?? []), answerRequest(question)),
    parseQuestion: (text, parent) => {
      const { earlier, asked } = parent === undefined ? { earlier: [], asked: null } : split(parent.question);
      const parsed = parseQuestionText(text, charactersMin(asked));
      return parsed.ok && isConversation
        ? { ok: true, value: writeConversation([...earlier, { role: 'user', content: parsed.value }]) }
        : parsed;
    },
    ...(isConversation ? { newPart: (question: string) => split(question).asked } : {}),
  };
}

/** Some chat templates take one system message only, so that of a conversation is put behind the task's. */
function withSystem(
  system: string | undefined,
  turns: readonly ChatMessage[],
): { readonly system: readonly ChatMessage[]; readonly others: readonly ChatMessage[] } {
  const [first] = turns;
  const own = first?.role === 'system' ? first.content : undefined;
  const texts = [system, own].filter((text) => text !== undefined);
  return {
    system: texts.length === 0 ? [] : [{ role: 'system', content: texts.join('\n\n') }],
    others: own === undefined ? turns : turns.slice(1),
  };
}

/** A user's own questions may be short (2 + 2, 日本の首都は?): a new one has at least half of its seed's length, or ten characters. */
export const charactersMin = (seedQuestion: string | null): number =>
  seedQuestion === null ? 1 : Math.max(1, Math.min(10, Math.floor(seedQuestion.length / 2)));
