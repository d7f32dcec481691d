import { inputTokensMax, tokensMax } from '../budget/token-bound';
import type { ChatMessage } from '../tasks/task';
import type { ConfigFinding } from './problems';
import type { TeacherConfig } from './schema';

/** What a configuration adds to a task's messages. The offline teacher takes nothing of it. */

type Additions = Pick<TeacherConfig, 'provider' | 'system' | 'parameters'>;

/** With the system prompt in front. Some chat templates take one system message only, so a task's own is put behind it. */
export function messagesWithSystem(
  { provider, system }: Additions,
  messages: readonly ChatMessage[],
): readonly ChatMessage[] {
  const [first, ...rest] = messages;
  if (system === undefined || provider === 'offline') {
    return messages;
  }
  return first?.role === 'system'
    ? [{ role: 'system', content: `${system}\n\n${first.content}` }, ...rest]
    : [{ role: 'system', content: system }, ...messages];
}

/** The fields of a body with `parameters` over them. A field that is `null` there is left out. */
export function withParameters<Fields extends object>({ provider, parameters }: Additions, fields: Fields): Fields {
  if (parameters === undefined || provider === 'offline') {
    return fields;
  }
  const left = Object.entries({ ...fields, ...parameters }).filter(([name]) => parameters[name] !== null);
  return Object.fromEntries(left) as Fields;
}

/** Upper bound on the input tokens of a request. A server may write parameters (a schema, tools) into the prompt. */
export function requestTokensMax(config: Additions, messages: readonly ChatMessage[]): number {
  const { provider, parameters = {} } = config;
  const sent = Object.entries(parameters).filter(([, value]) => value !== null);
  const ofParameters = provider === 'offline' || sent.length === 0 ? 0 : tokensMax(JSON.stringify(sent));
  return inputTokensMax(messagesWithSystem(config, messages)) + ofParameters;
}

/** Fields that the program sets, each with what to do instead. Without `max_tokens` no call would have a worst case. */
const reserved: Readonly<Record<string, string>> = {
  model: 'set model',
  messages: 'set system, or task.prompts',
  max_tokens: 'set max_tokens',
  max_completion_tokens: 'set max_tokens, and max_tokens_parameter: max_completion_tokens',
  max_output_tokens: 'set max_tokens',
  max_new_tokens: 'set max_tokens',
  stream: 'replies are read whole',
  stream_options: 'replies are read whole',
  n: 'one answer is read from each reply',
  best_of: 'one answer is read from each reply',
};

/** Fields that a model may refuse, so that they can be left out; their values are set elsewhere. */
const onlyLeftOut: Readonly<Record<string, string>> = {
  temperature: 'set temperature',
  seed: 'each request has its own',
};

export function parameterFindings(section: string, { parameters }: Pick<TeacherConfig, 'parameters'>): ConfigFinding[] {
  return Object.entries(parameters ?? {}).flatMap(([name, value]) => {
    const path = [section, 'parameters', name];
    if (Object.hasOwn(reserved, name)) {
      return [{ path, message: `tutelage sets ${name} itself: ${reserved[name]}` }];
    }
    if (Object.hasOwn(onlyLeftOut, name) && value !== null) {
      return [{ path, message: `here ${name} can only be left out, with null: ${onlyLeftOut[name]}` }];
    }
    return [];
  });
}
