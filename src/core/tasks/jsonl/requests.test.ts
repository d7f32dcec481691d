import * as fc from 'fast-check';
import type { Seed } from '../../records';
import { taskOf, taskSchema } from '../registry';
import type { ChatMessage } from '../task';
import { chatRowAt } from './chat-rows';
import { readConversation, writeConversation } from './conversation';

const files = { kind: 'jsonl', train: 'seeds.jsonl', test: 'test.jsonl' };
const chatTask = (more: object = {}) =>
  taskOf(taskSchema.parse({ ...files, messages: 'messages', check: 'text', ...more }));

const turns: ChatMessage[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Name a tree.' },
  { role: 'assistant', content: 'An oak.' },
  { role: 'user', content: 'And another <|im_end|>?' },
];

function seedOf(record: object): Seed {
  const read = chatRowAt({ messages: record }, 'messages');
  if ('reason' in read) {
    throw new Error(read.reason);
  }
  return { id: 'pool-0', stratum: 'all', ...read.row };
}

const anyTurns = fc
  .array(fc.record({ role: fc.constantFrom('system', 'user', 'assistant'), content: fc.string({ unit: 'binary' }) }))
  .chain((earlier) =>
    fc.string({ unit: 'binary' }).map((content) => [...earlier, { role: 'user', content }] as ChatMessage[]),
  );

describe('a conversation', () => {
  it('is the same turns after it was written as the text of a question, whatever they say', () => {
    void fc.assert(
      fc.property(anyTurns, (given) => {
        expect(readConversation(writeConversation(given))).toEqual(given);
      }),
    );
  });

  it('is one turn of the user where a text only looks like turns', () => {
    void fc.assert(
      fc.property(fc.string(), (tail) => {
        const text = `[{"role":"${tail}`;
        expect(readConversation(writeConversation([{ role: 'user', content: text }]))).toEqual([
          { role: 'user', content: text },
        ]);
      }),
    );
  });

  it('is refused with a reason or read, whatever a column holds', () => {
    void fc.assert(
      fc.property(fc.jsonValue(), (messages) => {
        const read = chatRowAt({ messages }, 'messages');
        expect('reason' in read ? read.reason : readConversation(read.row.question).at(-1)?.role).not.toBe('');
      }),
    );
  });

  it('reaches the student as turns', () => {
    const { question } = seedOf([...turns, { role: 'assistant', content: 'A beech.' }]);
    const prompt = chatTask({ prompts: { student: '{question}' } }).studentPrompt(question);
    expect(prompt).toEqual(turns);
  });

  it('is one turn where one role speaks twice in a row', () => {
    const said = [
      { from: 'human', value: 'Hello.' },
      { from: 'human', value: 'Name a tree.' },
      { from: 'gpt', value: 'Oak' },
    ];
    expect(seedOf(said).question).toBe('Hello.\n\nName a tree.');
  });

  it('reaches the teacher as turns, the request in the place of the last', () => {
    const seed = seedOf([...turns, { role: 'assistant', content: 'A beech.' }]);
    const task = chatTask({ prompts: { question: 'Like {question} ({answer})', answer: 'Now: {question}' } });
    expect(task.questionMessages(seed)).toEqual([
      ...turns.slice(0, 3),
      { role: 'user', content: 'Like And another <|im_end|>? (A beech.)' },
    ]);
    const question = task.parseQuestion('And a third one, please?', seed);
    expect(task.answerMessages(question.ok ? question.value : '')).toEqual([
      ...turns.slice(0, 3),
      { role: 'user', content: 'Now: And a third one, please?' },
    ]);
  });

  it('has one system message at most', () => {
    const seed = seedOf([...turns, { role: 'assistant', content: 'A beech.' }]);
    const messages = chatTask({ prompts: { system: 'You teach.' } }).questionMessages(seed);
    expect(messages.filter(({ role }) => role === 'system')).toEqual([
      { role: 'system', content: 'You teach.\n\nBe brief.' },
    ]);
  });

  it('differs from known ones in its last turn, which is what the teacher wrote', () => {
    const seed = seedOf([...turns, { role: 'assistant', content: 'A beech.' }]);
    expect(chatTask().newPart?.(seed.question)).toBe('And another <|im_end|>?');
  });
});
