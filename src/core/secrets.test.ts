import fc from 'fast-check';
import { looksLikeKey, secretsOf } from './secrets';

const environment = {
  OPENAI_API_KEY: 'a-key-of-some-length',
  HOUSE_TOKEN: 'token-0123456789',
  PGPASSWORD: 'word-for-postgres',
  TUTELAGE_LEDGER: 'postgres://tutelage:word-in-address@db.lab:5432/ledger',
  TEMPORAL_ADDRESS: 'services.lab:7233',
  MY_TEACHER: 'named-in-the-file-1',
  SHORT_KEY: 'none',
  HOME: '/home/somebody',
  MONKEY: 'chimpanzee',
};

describe('secrets', () => {
  it('are the variables whose names say so, and those a configuration names; words are none', () => {
    expect([...secretsOf(environment).names].sort()).toEqual([
      'HOUSE_TOKEN',
      'OPENAI_API_KEY',
      'PGPASSWORD',
      'TUTELAGE_LEDGER',
    ]);
    expect(secretsOf(environment, ['MY_TEACHER']).names).toContain('MY_TEACHER');
  });

  it('are replaced by the names of their variables', () => {
    const { redact } = secretsOf(environment);
    expect(redact('sent a-key-of-some-length, twice: a-key-of-some-length')).toBe(
      'sent [OPENAI_API_KEY], twice: [OPENAI_API_KEY]',
    );
    expect(redact('at postgres://tutelage:word-in-address@db.lab')).toBe(
      'at postgres://tutelage:[TUTELAGE_LEDGER]@db.lab',
    );
    expect(redact(`Authorization: Bearer ${'x1'.repeat(20)}`)).toBe('Authorization: [redacted]');
  });

  it('are replaced as a whole where one begins with another', () => {
    const { redact } = secretsOf({ SHORT_KEY: 'key-0123', LONG_KEY: 'key-0123-and-more' });
    expect(redact('key-0123-and-more, key-0123')).toBe('[LONG_KEY], [SHORT_KEY]');
  });

  it('that are ordinary words are replaced in a log, and not looked for in a text', () => {
    const { redact, variableIn } = secretsOf({ LOCAL_KEY: 'anything', PGPASSWORD: 'postgres' });
    expect(redact('anything goes')).toBe('[LOCAL_KEY] goes');
    expect([variableIn('anything goes with postgres'), variableIn('')]).toEqual([null, null]);
  });

  it.each([
    ['sk-proj-0123456789abcdefghij', true],
    [`hf_${'a'.repeat(34)}`, true],
    ['AKIAIOSFODNN7EXAMPLE', true],
    ['-----BEGIN RSA PRIVATE KEY-----', true],
    ['task-0123456789abcdefghijklmnop', false],
    ['the risk-averse-investor-who-never-sells', false],
    ['a bearer of bad news', false],
  ])('%s looks like one: %s', (text, expected) => {
    expect(looksLikeKey(text)).toBe(expected);
  });
});

const json = (text: string) => JSON.stringify(text);
const unitEscaped = (text: string) =>
  [...Array(text.length).keys()].map((at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');
const percentEncoded = (text: string) =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
const base64 = (text: string) => Buffer.from(text).toString('base64');
const inLines = (text: string) => text.replace(/.{1,76}/g, '$&\r\n');

const encodings: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  'as JSON': json,
  'as JSON within JSON': (text) => json(json(text)),
  'as JSON with every character escaped': unitEscaped,
  'as JSON with slashes escaped': (text) => json(text).replaceAll('/', '\\/'),
  'in a URL': encodeURIComponent,
  'in a form': (text) => new URLSearchParams([['key', text]]).toString(),
  'in a URL, twice': (text) => encodeURIComponent(encodeURIComponent(text)),
  'in a URL, every byte': percentEncoded,
  'in a URL within JSON': (text) => json(encodeURIComponent(text)),
  'in HTML': (text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`),
  'in HTML, by name': (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;'),
  'in base64': base64,
  'in base64 after one byte': (text) => base64(`:${text}`),
  'in base64 after two bytes': (text) => base64(`: ${text}: `),
  'in base64 of JSON': (text) => base64(json({ Authorization: `Bearer ${text}` } as never)),
  'in base64 of a URL': (text) => base64(`?key=${encodeURIComponent(text)}`),
  'in base64 for URLs': (text) => Buffer.from(`Bearer ${text}`).toString('base64url'),
  'in base64 in lines': (text) => inLines(base64(`Authorization: Bearer ${text}`.repeat(4))),
  'in base64 in lines within JSON': (text) => json(inLines(base64(`Authorization: Bearer ${text}`.repeat(4)))),
  'in base64 in a URL': (text) => encodeURIComponent(base64(`Bearer ${text}`)),
};

const hostile = [
  'plain-Secret-0123',
  'sk/with+"quotes" & 100%\\done',
  "p@ss word <1>'s",
  'n\\new\\t0123',
  'größe-数据-0123',
];

describe.each(Object.entries(encodings))('a secret %s', (_, encode) => {
  it.each(hostile)('is found and taken out: %s', (secret) => {
    const { redact, variableIn } = secretsOf({ MY_KEY: secret });
    const text = `before \\ ${encode(secret)}, after`;
    expect(variableIn(text)).toBe('MY_KEY');
    const safe = redact(text);
    expect(safe).toContain('[MY_KEY]');
    expect(variableIn(safe)).toBeNull();
    expect(safe.startsWith('before \\ ') && safe.endsWith(', after')).toBe(true);
  });
});

describe('taking secrets out', () => {
  it('leaves JSON well-formed, and a text without them as it is', () => {
    const secret = fc
      .string({ minLength: 8, unit: 'grapheme-ascii' })
      .filter((text) => /^[\w ]/.test(text) && /[\w ]$/.test(text));
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (value, before, after) => {
        const { redact, variableIn } = secretsOf({ MY_KEY: `${value}0` });
        const body = JSON.stringify({ [before]: before + value + after, list: [`${before}${value}0${after}`] });
        expect(() => JSON.parse(redact(body))).not.toThrow();
        expect(variableIn(redact(body))).toBeNull();
      }),
      { numRuns: 25 },
    );
    const { redact } = secretsOf(environment);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => redact(text) === text),
      { numRuns: 30 },
    );
  });

  it('takes a time that grows with the length of the text, whatever it is', () => {
    const { redact } = secretsOf(environment);
    const startedMs = performance.now();
    for (const text of ['\\', '%25', '&#', '%e3%81', '\\u00', 'a-key-of-some-lengt']) {
      redact(text.repeat(200_000 / text.length));
    }
    expect(performance.now() - startedMs).toBeLessThan(4000);
  });
});
