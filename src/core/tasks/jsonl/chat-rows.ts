import type { ChatMessage, Parsed } from '../task';
import { columnsOf, type DataRecord, valueAt } from './columns';
import { writeConversation } from './conversation';

/** A conversation, cut before the last turn of the assistant: what comes before it is the question, it is the reference. */
export interface ChatRow {
  readonly question: string;
  readonly answer: string;
}

/** Role names of OpenAI's `messages` and of ShareGPT's `conversations`. */
const roles: Readonly<Record<string, ChatMessage['role']>> = {
  ...{ system: 'system', developer: 'system' },
  ...{ user: 'user', human: 'user', prompter: 'user' },
  ...{ assistant: 'assistant', gpt: 'assistant', model: 'assistant', bot: 'assistant', chatgpt: 'assistant' },
};

/** Reads a conversation from a column. Turns of one role in a row are one turn. */
export function chatRowAt(record: DataRecord, path: string): { readonly row: ChatRow } | { readonly reason: string } {
  const value = valueAt(record, path);
  if (!Array.isArray(value)) {
    return { reason: `"${path}" holds no list of messages; there are ${columnsOf(record).join(', ') || 'none'}` };
  }
  const turns: ChatMessage[] = [];
  for (const message of value) {
    const turn = turnOf(message);
    if (!turn.ok) {
      return { reason: `"${path}": ${turn.reason}` };
    }
    const { role, content } = turn.value;
    const previous = turns.at(-1);
    if (previous?.role === role) {
      turns[turns.length - 1] = { role, content: `${previous.content}\n\n${content}` };
    } else {
      turns.push(turn.value);
    }
  }
  const last = turns.findLastIndex(({ role }) => role === 'assistant');
  const before = turns.slice(0, Math.max(0, last));
  const answer = turns[last];
  if (answer === undefined || answer.content === '') {
    return { reason: `"${path}" has no turn of the assistant` };
  }
  const asked = before.at(-1);
  if (asked?.role !== 'user' || asked.content === '') {
    return { reason: `"${path}" has no turn of the user before the assistant's last` };
  }
  return { row: { question: writeConversation(before), answer: answer.content } };
}

function turnOf(message: unknown): { readonly ok: true; readonly value: ChatMessage } | Extract<Parsed, { ok: false }> {
  if (typeof message !== 'object' || message === null) {
    return { ok: false, reason: 'a message is not a mapping' };
  }
  const given = new Map(Object.entries(message));
  const named = given.get('role') ?? given.get('from');
  const role = typeof named === 'string' ? roles[named.toLowerCase()] : undefined;
  if (role === undefined) {
    return { ok: false, reason: `a message has the unknown role ${JSON.stringify(named ?? null)}` };
  }
  const text = contentOf(given.get('content') ?? given.get('value'));
  return text === null
    ? { ok: false, reason: 'a message has content that is not text' }
    : { ok: true, value: { role, content: text.trim() } };
}

/** Text, or a list of parts that are all text. */
function contentOf(content: unknown): string | null {
  if (typeof content === 'string') {
    return content;
  }
  if (!Array.isArray(content)) {
    return null;
  }
  const parts = content.map((part: unknown) =>
    typeof part === 'object' && part !== null && 'text' in part && typeof part.text === 'string' ? part.text : null,
  );
  return parts.every((part) => part !== null) ? parts.join('') : null;
}
