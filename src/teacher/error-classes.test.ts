import { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from 'openai';
import { classifyError, classifyErrorBody, retryAfterMs, waitMs } from './error-classes';
import { EndpointRefusal, type ErrorClass, type ErrorContext } from './failure';

const now = Date.parse('2026-01-01T00:00:00Z');
const context: ErrorContext = {
  ...{ endpoint: 'http://teacher/v1', keyName: 'THE_KEY', nowMs: now },
  redact: (text) => text.replaceAll('the-key-itself', '[THE_KEY]'),
};

function check(error: unknown, expected: Partial<ErrorClass> & { afterMs?: number | null }): void {
  expect(classifyError(error, context)).toMatchObject(expected);
}

const answered = (status: number, headers: Record<string, string> = {}, body: object = {}) =>
  APIError.generate(status, { error: { message: 'said so', ...body } }, undefined, new Headers(headers));

const connection = (code: string) =>
  new APIConnectionError({ message: 'Connection error.', cause: Object.assign(new Error('failed'), { code }) });

const said = (status: number, body: object | string, headers: Record<string, string> = {}) =>
  new EndpointRefusal(status, new Headers(headers), typeof body === 'string' ? body : JSON.stringify(body));

const fetchFailed = (why: string) => new TypeError('fetch failed', { cause: new Error(why) });

const credit = { does: 'pause' as const, cost: 'none' as const, hint: expect.stringContaining('add credit') };

describe('what a failed request means', () => {
  const cases: readonly [string, unknown, Partial<ErrorClass> & { afterMs?: number | null }][] = [
    ['408 is asked again', answered(408), { does: 'retry', cost: 'none' }],
    ['409 is asked again', answered(409), { does: 'retry', cost: 'none' }],
    ['429 is asked again', answered(429), { does: 'retry', cost: 'none', afterMs: null }],
    ['429 says when, in seconds', answered(429, { 'retry-after': '7' }), { does: 'retry', afterMs: 7000 }],
    [
      '429 says when, as a date',
      answered(429, { 'retry-after': 'Thu, 01 Jan 2026 00:00:09 GMT' }),
      { does: 'retry', afterMs: 9000 },
    ],
    ['500 is asked again', answered(500), { does: 'retry', cost: 'none' }],
    ['503 is asked again', answered(503), { does: 'retry', cost: 'none' }],
    ['a gateway that gave up may have been paid', answered(504), { does: 'retry', cost: 'lost' }],
    [
      'a model that takes max_completion_tokens pauses',
      answered(400, {}, { code: 'unsupported_parameter', param: 'max_tokens' }),
      { does: 'pause', cost: 'none' },
    ],
    ['529 is asked again', answered(529), { does: 'retry', cost: 'none' }],
    ['402 waits for credit', said(402, { error: { message: 'Insufficient credits', code: 402 } }), credit],
    [
      '400 for credit waits for it',
      said(400, { error: { message: 'Your credit balance is too low to access the API' } }),
      credit,
    ],
    [
      '403 for billing waits for credit',
      said(403, { error: { message: 'This API method requires billing to be enabled' } }),
      credit,
    ],
    [
      '429 for an account without money waits for credit',
      said(429, {
        error: {
          message: 'You exceeded your current quota, please check your plan and billing details.',
          type: 'insufficient_quota',
        },
      }),
      credit,
    ],
    [
      '429 for a limit a minute is a rate limit, whatever it says of quota and billing',
      said(429, {
        error: {
          code: 429,
          message:
            'You exceeded your current quota, please check your plan and billing details. Please retry in 34.1s.',
          status: 'RESOURCE_EXHAUSTED',
        },
      }),
      { does: 'retry', cost: 'none', isThrottle: true, afterMs: 34_100 },
    ],
    [
      '429 says when in its sentence alone',
      said(429, {
        error: { message: 'Rate limit reached on requests per min (RPM): Limit 3. Please try again in 20s.' },
      }),
      { does: 'retry', isThrottle: true, afterMs: 20_000 },
    ],
    [
      '429 says when in milliseconds',
      said(429, { error: { message: 'Please try again in 86ms.', code: 'rate_limit_exceeded' } }),
      { does: 'retry', isThrottle: true, afterMs: 86 },
    ],
    [
      'a seed that is refused pauses with the setting, in FastAPI’s form',
      said(422, {
        detail: [{ type: 'extra_forbidden', loc: ['body', 'seed'], msg: 'Extra inputs are not permitted' }],
      }),
      { does: 'pause', cost: 'none', hint: expect.stringContaining('teacher.parameters: {seed: null}') },
    ],
    [
      'and in a message that holds the form',
      said(422, {
        object: 'error',
        message: {
          detail: [{ type: 'extra_forbidden', loc: ['body', 'seed'], msg: 'Extra inputs are not permitted' }],
        },
        code: '1000',
      }),
      { does: 'pause', hint: expect.stringContaining('teacher.parameters: {seed: null}') },
    ],
    [
      'a temperature that is refused pauses with the setting',
      said(400, {
        error: {
          message:
            "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.",
          ...{ type: 'invalid_request_error', param: 'temperature', code: 'unsupported_value' },
        },
      }),
      { does: 'pause', hint: expect.stringContaining('teacher.parameters: {temperature: null}') },
    ],
    [
      'max_completion_tokens that is refused pauses with the other name',
      said(422, {
        detail: [
          { type: 'extra_forbidden', loc: ['body', 'max_completion_tokens'], msg: 'Extra inputs are not permitted' },
        ],
      }),
      { does: 'pause', hint: expect.stringContaining('teacher.max_tokens_parameter: max_tokens ') },
    ],
    [
      'a refused input that speaks of a seed fails its row alone',
      said(400, { error: { message: 'The prompt about a seed is too long' } }),
      { does: 'fail-row', cost: 'none' },
    ],
    [
      '429 with a link to raise a quota is a rate limit',
      said(429, {
        error: {
          code: '429',
          message:
            'Requests have exceeded the token rate limit of your pricing tier. Please retry after 20 seconds. For a quota increase see aka.ms',
        },
      }),
      { does: 'retry', isThrottle: true },
    ],
    [
      '403 for one flagged input fails its row',
      said(403, {
        error: {
          code: 403,
          message: 'Your chosen model requires moderation and your input was flagged for "violence".',
        },
      }),
      { does: 'fail-row', cost: 'none' },
    ],
    [
      '405 is a wrong address',
      said(405, { detail: 'Method Not Allowed' }),
      { does: 'pause', cost: 'none', hint: expect.stringContaining('teacher.base_url') },
    ],
    ['502 of a gateway may have been paid', said(502, '<html>502 Bad Gateway</html>'), { does: 'retry', cost: 'lost' }],
    [
      '503 of a gateway may have been paid',
      said(503, '<html>503 Service Unavailable</html>'),
      { does: 'retry', cost: 'lost' },
    ],
    [
      '503 of the server itself cost nothing',
      said(503, { error: { message: 'Loading model', type: 'unavailable_error', code: 503 } }),
      { does: 'retry', cost: 'none' },
    ],
    [
      '503 that says when cost nothing',
      said(503, '', { 'retry-after': '3' }),
      { does: 'retry', cost: 'none', afterMs: 3000 },
    ],
    [
      'a self-signed certificate names NODE_EXTRA_CA_CERTS',
      connection('DEPTH_ZERO_SELF_SIGNED_CERT'),
      { does: 'pause', cost: 'none', hint: expect.stringContaining('NODE_EXTRA_CA_CERTS') },
    ],
    ['an expired certificate pauses', connection('CERT_HAS_EXPIRED'), { does: 'pause', cost: 'none' }],
    [
      'too many open files cost nothing',
      connection('EMFILE'),
      { does: 'retry', cost: 'none', hint: expect.stringContaining('max_parallel_requests') },
    ],
    [
      'a port that fetch refuses cost nothing',
      fetchFailed('bad port'),
      { does: 'pause', cost: 'none', hint: expect.stringContaining('teacher.base_url') },
    ],
    [
      'an address with a password cost nothing',
      new TypeError('Request cannot be constructed from a URL that includes credentials: http://u:p@host'),
      { does: 'pause', cost: 'none' },
    ],
    [
      'a key that cannot be a header cost nothing',
      new TypeError('Cannot convert argument to a ByteString because the character at index 7 has a value of 8364'),
      { does: 'pause', cost: 'none', hint: expect.stringContaining('THE_KEY') },
    ],
    ['429 for quota pauses', answered(429, {}, { code: 'insufficient_quota' }), { does: 'pause', cost: 'none' }],
    [
      '429 for quota pauses, whatever the header says',
      answered(429, { 'x-should-retry': 'true' }, { code: 'insufficient_quota' }),
      { does: 'pause' },
    ],
    ['401 pauses', answered(401), { does: 'pause' }],
    ['403 pauses', answered(403), { does: 'pause' }],
    ['404 pauses', answered(404), { does: 'pause' }],
    ['400 fails the row', answered(400), { does: 'fail-row', cost: 'none' }],
    ['413 fails the row', answered(413), { does: 'fail-row', cost: 'none' }],
    ['422 fails the row', answered(422), { does: 'fail-row', cost: 'none' }],
    ['x-should-retry makes a 400 come again', answered(400, { 'x-should-retry': 'true' }), { does: 'retry' }],
    ['x-should-retry ends a 503', answered(503, { 'x-should-retry': 'false' }), { does: 'fail-row' }],
    ['a refused connection cost nothing', connection('ECONNREFUSED'), { does: 'retry', cost: 'none' }],
    ['an unknown host cost nothing', connection('ENOTFOUND'), { does: 'retry', cost: 'none' }],
    ['a reset may have been paid', connection('ECONNRESET'), { does: 'retry', cost: 'lost' }],
    ['a closed socket may have been paid', connection('UND_ERR_SOCKET'), { does: 'retry', cost: 'lost' }],
    ['an unnamed failure may have been paid', new TypeError('terminated'), { does: 'retry', cost: 'lost' }],
    ['a timeout may have been paid', new APIConnectionTimeoutError(), { does: 'retry', cost: 'lost' }],
    ['an abort may have been paid', new APIUserAbortError(), { does: 'stop', cost: 'lost' }],
  ];
  test.each(cases)('%s', (_, error, expected) => check(error, expected));

  test('a pause says what to do, and where', () => {
    check(answered(401, {}, { message: `${'long '.repeat(56)}the-key-itself` }), {
      reason: expect.stringMatching(/^the teacher answered 401: (long )+\[THE_KEY\]$/),
    });
    check(answered(401), { hint: 'set THE_KEY to a key that http://teacher/v1 accepts, then resume' });
  });
});

describe('the words of the server are shown, whatever form they have', () => {
  test.each([
    ['OpenAI', '{"error":{"message":"No such model"}}', 'No such model'],
    ['a text as error', '{"error":"No such model"}', 'No such model'],
    ['vLLM, flat', '{"object":"error","message":"No such model","type":"NotFoundError","code":404}', 'No such model'],
    ['FastAPI', '{"detail":"No such model"}', 'No such model'],
    ['FastAPI, a list', '{"detail":[{"loc":["body","x"],"msg":"Extra inputs"}]}', 'Extra inputs (body.x)'],
    ['a list of errors', '[{"error":{"message":"No such model"}}]', 'No such model'],
    ['errors', '{"errors":[{"message":"No such model"}]}', 'No such model'],
    ['text', 'No such\n model', 'No such model'],
    ['a page', '<html><title>Not</title> <b>here</b></html>', 'Not here'],
    ['nothing', '', 'no reason was given'],
    ['very much', `{"error":{"message":"${'x'.repeat(900)}"}}`, `${'x'.repeat(300)}...`],
  ])('%s', (_, body, words) =>
    check(said(422, body), { does: 'fail-row', reason: `the teacher answered 422: ${words}` }),
  );
});

describe('an error in a reply with status 200 costs nothing and is classified by its own code', () => {
  test.each([
    ['a number', { error: { code: 429, message: 'slow down' } }, { does: 'retry', cost: 'none', isThrottle: true }],
    ['a gateway', { error: { code: 502, message: 'Provider returned error' } }, { does: 'retry', cost: 'none' }],
    ['credit', { error: { code: 402, message: 'Insufficient credits' } }, credit],
    ['a word', { error: { code: 'rate_limit_exceeded', message: 'wait' } }, { does: 'retry', isThrottle: true }],
    ['a key', { error: { code: 'invalid_api_key', message: 'wrong' } }, { does: 'pause' }],
    ['anything else', { error: { code: 'invalid_prompt', message: 'no' } }, { does: 'fail-row', cost: 'none' }],
  ] as const)('%s', (_, body, expected) => {
    expect(classifyErrorBody(JSON.stringify(body), context)).toMatchObject(expected);
  });
});

describe('retry-after', () => {
  const cases: readonly [string, Record<string, string>, number | null][] = [
    ['milliseconds win over seconds', { 'retry-after-ms': '250', 'retry-after': '9' }, 250],
    ['seconds', { 'retry-after': '2.5' }, 2500],
    ['zero', { 'retry-after': '0' }, 0],
    ['negative is now', { 'retry-after': '-5' }, 0],
    ['an hour is a minute', { 'retry-after': '3600' }, 60_000],
    ['a date in the past is now', { 'retry-after': 'Wed, 31 Dec 2025 23:00:00 GMT' }, 0],
    ['a date far away is a minute', { 'retry-after': 'Fri, 02 Jan 2026 00:00:00 GMT' }, 60_000],
    ['nonsense is none', { 'retry-after': 'soon' }, null],
    ['nothing is none', {}, null],
  ];
  test.each(cases)('%s', (_, headers, expected) => {
    expect(retryAfterMs(new Headers(headers), now)).toBe(expected);
  });

  test('the wait is never shorter than asked for, doubles otherwise, and is spread', () => {
    expect(waitMs(1, 2000, () => 0)).toBe(2000);
    expect(waitMs(1, 2000, () => 1)).toBe(2300);
    expect([1, 2, 3, 9].map((attempt) => waitMs(attempt, null, () => 0.5))).toEqual([500, 1000, 2000, 30_000]);
  });
});
