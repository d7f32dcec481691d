import type { ChatMessage } from '../task';

/**
 * A conversation as the text of a question. One turn of the user is that turn's text; more turns are a JSON list of
 * `{role, content}`, so that nothing within a turn can be mistaken for the beginning of another.
 */

const roles: ReadonlySet<unknown> = new Set(['system', 'user', 'assistant']);

export function writeConversation(turns: readonly ChatMessage[]): string {
  const [only] = turns;
  return turns.length === 1 && only?.role === 'user' && turnsIn(only.content) === null
    ? only.content
    : JSON.stringify(turns.map(({ role, content }) => ({ role, content })));
}

/** The turns of a question, of which the last is the user's. */
export function readConversation(question: string): readonly [...earlier: ChatMessage[], last: ChatMessage] {
  const turns = turnsIn(question) ?? [];
  const last = turns.at(-1);
  return last === undefined ? [{ role: 'user', content: question }] : [...turns.slice(0, -1), last];
}

function turnsIn(text: string): ChatMessage[] | null {
  if (!text.startsWith('[{"role":"')) {
    return null;
  }
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.length > 0 && value.every(isTurn) && value.at(-1)?.role === 'user'
      ? value
      : null;
  } catch {
    return null;
  }
}

const isTurn = (value: unknown): value is ChatMessage =>
  typeof value === 'object' &&
  value !== null &&
  'role' in value &&
  roles.has(value.role) &&
  'content' in value &&
  typeof value.content === 'string';
