import type { TokenUsage, WorstCase } from '../core/budget/price';
import { readReply, readText } from './reply';
import type { ChatRequest } from './request';
import { bookedUsage } from './usage';

const text = 'First add 3 and 4, which makes 7; then multiply by 6, which makes 42. The answer is 42.';
const request: ChatRequest = {
  ...{ model: 'm', temperature: 1, max_tokens: 128, seed: 1 },
  messages: [{ role: 'user', content: 'Work out (3 + 4) * 6 and explain every step of it.' }],
};

interface Told {
  readonly message?: unknown;
  readonly finish_reason?: unknown;
  readonly usage?: unknown;
}

const usual = { prompt_tokens: 20, completion_tokens: 30, total_tokens: 50 };

function replyWith(told: Told): string {
  const { message = { role: 'assistant', content: text }, usage = usual } = told;
  const finish_reason = 'finish_reason' in told ? told.finish_reason : 'stop';
  return JSON.stringify({ choices: [{ index: 0, message, finish_reason }], usage });
}

const usageOf = (usage: unknown, message?: unknown) =>
  readReply(replyWith({ usage, ...(message === undefined ? {} : { message }) }), request)?.usage;

describe('usage is believed as far as it can be true', () => {
  const cases: readonly [string, object, Partial<TokenUsage>][] = [
    ['as said', usual, { inputTokens: 20, outputTokens: 30 }],
    [
      'reasoning within the completion',
      { ...usual, completion_tokens_details: { reasoning_tokens: 10 } },
      { outputTokens: 30 },
    ],
    [
      'reasoning apart, and told',
      {
        prompt_tokens: 100,
        completion_tokens: 50,
        total_tokens: 450,
        completion_tokens_details: { reasoning_tokens: 300 },
      },
      { outputTokens: 350 },
    ],
    [
      'reasoning apart, by the total alone',
      { prompt_tokens: 100, completion_tokens: 50, total_tokens: 450 },
      { outputTokens: 350 },
    ],
    [
      'reasoning apart, by its size alone',
      { prompt_tokens: 100, completion_tokens: 50, completion_tokens_details: { reasoning_tokens: 300 } },
      { outputTokens: 350 },
    ],
    [
      'a completion that is one short of its reasoning, with a total that has room for it',
      {
        ...{ prompt_tokens: 951, completion_tokens: 6000, total_tokens: 6952 },
        completion_tokens_details: { reasoning_tokens: 6001 },
      },
      { outputTokens: 6001 },
    ],
    [
      'cached tokens left out of the prompt',
      { prompt_tokens: 60, completion_tokens: 30, prompt_tokens_details: { cached_tokens: 6452 } },
      { inputTokens: 6512, outputTokens: 30 },
    ],
    [
      'cache reads and writes, as OpenRouter tells them',
      {
        ...{ prompt_tokens: 6512, completion_tokens: 30, total_tokens: 6542 },
        prompt_tokens_details: { cached_tokens: 4000, cache_write_tokens: 2452 },
      },
      { inputTokens: 6512, cachedTokens: 4000, cacheWriteTokens: 2452, outputTokens: 30 },
    ],
    [
      'cache reads and writes, as the LiteLLM proxy tells them for Claude',
      {
        ...{ prompt_tokens: 6512, completion_tokens: 30, total_tokens: 6542 },
        ...{
          prompt_tokens_details: { cached_tokens: 0 },
          cache_read_input_tokens: 0,
          cache_creation_input_tokens: 6452,
        },
      },
      { inputTokens: 6512, cachedTokens: 0, cacheWriteTokens: 6452 },
    ],
    [
      'cache reads and writes apart from the input, as Anthropic tells them',
      {
        ...{ input_tokens: 2000, output_tokens: 30 },
        ...{ cache_read_input_tokens: 1000, cache_creation_input_tokens: 500 },
      },
      { inputTokens: 3500, cachedTokens: 1000, cacheWriteTokens: 500, outputTokens: 30 },
    ],
    [
      'a cache hit, as DeepSeek tells it',
      { prompt_tokens: 1000, completion_tokens: 30, prompt_cache_hit_tokens: 640, prompt_cache_miss_tokens: 360 },
      { inputTokens: 1000, cachedTokens: 640 },
    ],
    ['a total that is too small', { prompt_tokens: 100, completion_tokens: 50, total_tokens: 3 }, { outputTokens: 50 }],
    ['named as in the responses API', { input_tokens: 20, output_tokens: 30 }, { inputTokens: 20, outputTokens: 30 }],
  ];
  test.each(cases)('%s', (_, usage, expected) => {
    expect(usageOf(usage)).toMatchObject({ ...expected, estimated: false });
  });

  const untold: readonly [string, unknown][] = [
    ['none', null],
    ['an empty object', {}],
    ['zeros for a full answer', { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }],
    ['one token for a full answer', { prompt_tokens: 20, completion_tokens: 1, total_tokens: 21 }],
    ['one token for a full prompt', { prompt_tokens: 1, completion_tokens: 30, total_tokens: 31 }],
    ['negative counts', { prompt_tokens: -1, completion_tokens: -1 }],
    ['texts', { prompt_tokens: '20', completion_tokens: '30' }],
    ['fractions', { prompt_tokens: 20.5, completion_tokens: 30.5 }],
  ];
  test.each(untold)('%s: it did not say, so the tokens are estimated and marked', (_, usage) => {
    const told = usageOf(usage);
    expect(told?.estimated).toBe(true);
    expect(told?.inputTokens).toBeGreaterThan(12);
    expect(told?.outputTokens).toBeGreaterThanOrEqual(28);
    expect(told?.outputTokens).toBeLessThanOrEqual(128);
  });

  test('shown reasoning counts as output where the completion leaves it out', () => {
    const message = { content: text, reasoning_content: 'I think about each step very thoroughly. '.repeat(20) };
    expect(usageOf({ prompt_tokens: 20, completion_tokens: 30 }, message)).toMatchObject({
      outputTokens: 128,
      estimated: true,
    });
  });

  const worst: WorstCase = { tokens: 328, nanoUsd: 1000 };
  test('above the worst case it is booked as billed; a hundred times above, at the worst case and marked', () => {
    const billed = usageOf({ prompt_tokens: 5000, completion_tokens: 5000, total_tokens: 10_000 });
    expect(billed && bookedUsage(billed, worst, 128)).toMatchObject({ inputTokens: 5000, outputTokens: 5000 });
    for (const count of [2 ** 53 - 1, 2 ** 53, 1e300, 32_800]) {
      const absurd = usageOf({ prompt_tokens: 20, completion_tokens: count, total_tokens: count });
      expect(absurd && bookedUsage(absurd, worst, 128)).toEqual({
        ...{
          inputTokens: 200,
          outputTokens: 128,
          cachedTokens: 0,
          reasoningTokens: 0,
          estimated: true,
          isAbsurd: true,
        },
      });
    }
  });
});

describe('only what is known to be whole is used', () => {
  const cases: readonly [string, Told, string][] = [
    ['error', { finish_reason: 'error' }, 'the reply ended with finish_reason error'],
    ['abort', { finish_reason: 'abort' }, 'the reply ended with finish_reason abort'],
    ['MAX_TOKENS', { finish_reason: 'MAX_TOKENS' }, 'cut off at teacher.max_tokens'],
    ['model_length', { finish_reason: 'model_length' }, 'cut off at teacher.max_tokens'],
    [
      'insufficient_system_resource',
      { finish_reason: 'insufficient_system_resource' },
      'the reply ended with finish_reason insufficient_system_resource',
    ],
    ['tool_calls', { finish_reason: 'tool_calls' }, 'the reply ended with finish_reason tool_calls'],
    ['empty', { finish_reason: '' }, 'the reply does not say that it is whole (no finish_reason)'],
    ['absent', { finish_reason: null }, 'the reply does not say that it is whole (no finish_reason)'],
    ['safety', { finish_reason: 'SAFETY' }, "withheld by the teacher's content filter"],
    [
      'refusal field',
      { message: { content: null, refusal: 'I cannot do that.' } },
      'the teacher refused: "I cannot do that."',
    ],
    ['refusal part', { message: { content: [{ type: 'refusal', refusal: 'No.' }] } }, 'the teacher refused: "No."'],
    ['nothing', { message: { content: null } }, 'the reply has no text'],
    [
      'only reasoning',
      { message: { content: null, reasoning_content: 'Hm.' } },
      'the reply has only reasoning, no text',
    ],
    [
      'only reasoning, cut',
      { message: { content: null, reasoning: 'Hm.' }, finish_reason: 'length' },
      'only reasoning, cut off at teacher.max_tokens',
    ],
    ['thoughts without an end', { message: { content: '<think>Hm, 42' } }, 'the reply has only reasoning, no text'],
    ['an object', { message: { content: { text: 'x' } } }, 'the reply has no text'],
  ];
  test.each(cases)('%s', (_, told, reason) => {
    expect(readText(replyWith(told))).toEqual({ ok: false, reason });
  });
});

describe('what can be read is read', () => {
  const kept = `<think>\nHm.\n</think>\n\n42`;
  const cases: readonly [string, string, string, string][] = [
    ['plain', replyWith({ message: { content: '42' } }), '42', '42'],
    ['end, as Ollama and LM Studio say', replyWith({ message: { content: '42' }, finish_reason: 'end' }), '42', '42'],
    ['eos, as Together says', replyWith({ message: { content: '42' }, finish_reason: 'eos' }), '42', '42'],
    ['end_turn', replyWith({ message: { content: '42' }, finish_reason: 'end_turn' }), '42', '42'],
    ['thoughts in tags', replyWith({ message: { content: '<think>Hm.</think>\n42' } }), '42', kept],
    ['a closing tag alone', replyWith({ message: { content: 'Hm.\n</think>\n\n42' } }), '42', kept],
    ['thoughts in a field', replyWith({ message: { content: '42', reasoning_content: 'Hm.' } }), '42', kept],
    [
      'parts',
      replyWith({
        message: {
          content: [
            { type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] },
            { type: 'text', text: '42' },
          ],
        },
      }),
      '42',
      kept,
    ],
    [
      'server-sent events',
      [
        ': PROCESSING',
        '',
        'data: {"choices":[{"delta":{"role":"assistant","reasoning_content":"Hm."}}]}',
        'data: {"choices":[{"delta":{"content":"4"}}]}',
        'data: {"choices":[{"delta":{"content":"2"},"finish_reason":"stop"}]}',
        'data: {"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":2}}',
        'data: [DONE]',
      ].join('\n'),
      '42',
      kept,
    ],
  ];
  test.each(cases)('%s', (_, raw, dropped, whole) => {
    const read = readText(raw);
    expect(read.ok && read.value.trim()).toBe(dropped);
    expect(readText(raw, 'keep')).toEqual({ ok: true, value: whole });
    expect(readReply(raw, request)).toMatchObject({ finish: 'stop', usage: { inputTokens: 20 } });
  });

  test('events that break off are no whole reply', () => {
    const raw = 'data: {"choices":[{"delta":{"content":"4"}}]}\n\ndata: {"choices":[{"delta":{"cont';
    expect(readText(raw)).toMatchObject({ ok: false, reason: expect.stringContaining('no finish_reason') });
  });
});
