import { worstCase } from '../../core/budget/price';
import { secretsOf } from '../../core/secrets';
import { bookedUsage, readReply } from '../../teacher';
import { storedReply } from '../../teacher/stored-reply';
import { type BookedCall, usageProblems } from './calls';

/** What was booked for a reply is what the audit finds in it, also where the reply says nothing or something absurd. */

const asked = { model: 'double', max_tokens: 64 };
const worst = worstCase(200, asked.max_tokens, undefined);
const secrets = secretsOf({ TEACHER_KEY: 'k3y-0f-the-teacher!' });
const messages = [{ role: 'user', content: 'Work out (3 + 4) * 6 and explain every step of it.' }] as const;

/** Books a reply as a purchase does: what the call's columns then say, and the body that is stored. */
function book(usage: unknown, content = 'First 3 + 4 = 7, then 7 * 6 = 42. The answer is 42.', model = asked.model) {
  const raw = JSON.stringify({ choices: [{ message: { content }, finish_reason: 'stop' }], usage });
  const reply = readReply(raw, { model, max_tokens: asked.max_tokens, messages });
  if (reply === null) {
    throw new Error('not a completion');
  }
  const booked = bookedUsage(reply.usage, worst, asked.max_tokens);
  const call: BookedCall = {
    input_tokens: booked.inputTokens,
    cached_tokens: booked.cachedTokens,
    cache_write_tokens: booked.cacheWriteTokens ?? 0,
    output_tokens: booked.outputTokens,
    reasoning_tokens: booked.reasoningTokens,
    estimated: booked.estimated ? 1 : 0,
    absurd: booked.isAbsurd === true ? 1 : 0,
    finish: reply.finish,
  };
  const stored = storedReply(raw, reply.completion, booked, secrets).raw;
  return { call, reply: { raw: stored, worst, asked: { ...asked, model } } };
}

const reports = {
  whole: { prompt_tokens: 40, completion_tokens: 30, total_tokens: 70 },
  cached: { prompt_tokens: 40, completion_tokens: 30, prompt_tokens_details: { cached_tokens: 20 } },
  'written to the cache': { prompt_tokens: 40, completion_tokens: 30, cache_creation_input_tokens: 15 },
  none: undefined,
  zeros: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
  'only the total': { total_tokens: 90 },
  'only the prompt': { prompt_tokens: 40 },
  'only the completion': { completion_tokens: 30 },
  'above the worst case': { prompt_tokens: 5000, completion_tokens: 5000 },
  absurd: { prompt_tokens: 2 ** 53, completion_tokens: 5 },
  'reasoning apart': {
    ...{ prompt_tokens: 40, completion_tokens: 30, total_tokens: 370 },
    completion_tokens_details: { reasoning_tokens: 300 },
  },
} as const;

describe.each(Object.keys(reports) as (keyof typeof reports)[])('usage reported: %s', (name) => {
  test.each([
    ['an ordinary text', undefined, undefined],
    ['no text', '', undefined],
    ['a text with a secret', 'It is k3y-0f-the-teacher! of course, and the answer is 42.', undefined],
    ['a model that reasons unseen', undefined, 'o3-mini'],
  ])('the honest call is no finding: %s', (_, content, model) => {
    const { call, reply } = book(reports[name], content, model);
    expect(usageProblems(call, reply)).toEqual([]);
  });
});

test.each<[keyof typeof reports, Partial<BookedCall>]>([
  ['whole', { output_tokens: 1 }],
  ['whole', { input_tokens: 1 }],
  ['whole', { cached_tokens: 39 }],
  ['whole', { estimated: 1, output_tokens: 1 }],
  ['whole', { finish: 'length' }],
  ['none', { output_tokens: 0 }],
  ['none', { input_tokens: 1_000_000 }],
  ['none', { input_tokens: 0 }],
  ['none', { cached_tokens: 1 }],
  ['none', { estimated: 0 }],
  ['zeros', { finish: 'length' }],
  ['only the total', { output_tokens: 1 }],
  ['only the total', { input_tokens: 1 }],
  ['absurd', { output_tokens: 1 }],
  ['absurd', { absurd: 0 }],
  ['above the worst case', { absurd: 1 }],
])('a call that says something else than its answer is a finding: %s %j', (name, tampered) => {
  const { call, reply } = book(reports[name]);
  expect(usageProblems({ ...call, ...tampered }, reply)).toHaveLength(1);
});
