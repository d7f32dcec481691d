import { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from 'openai';
import { classifyError, type ErrorClass, type ErrorContext, retryAfterMs, waitMs } from './error-classes';

const now = Date.parse('2026-01-01T00:00:00Z');
const context: ErrorContext = {
  ...{ endpoint: 'http://teacher/v1', keyName: 'THE_KEY', nowMs: now },
  discreet: (text) => text.replaceAll('the-key-itself', '[THE_KEY]'),
};

function check(error: unknown, expected: Partial<ErrorClass> & { afterMs?: number | null }): void {
  expect(classifyError(error, context)).toMatchObject(expected);
}

const answered = (status: number, headers: Record<string, string> = {}, body: object = {}) =>
  APIError.generate(status, { error: { message: 'said so', ...body } }, undefined, new Headers(headers));

const connection = (code: string) =>
  new APIConnectionError({ message: 'Connection error.', cause: Object.assign(new Error('failed'), { code }) });

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
      reason: expect.stringMatching(/^the teacher answered 401: 401 (long )+\[THE_KEY\]$/),
    });
    check(answered(401), { hint: 'set THE_KEY to a key that http://teacher/v1 accepts, then resume' });
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
