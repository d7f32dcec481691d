import { redact, secretPattern, secretsOf } from './secrets';

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
    expect(Object.fromEntries(secretsOf(environment))).toEqual({
      OPENAI_API_KEY: 'a-key-of-some-length',
      HOUSE_TOKEN: 'token-0123456789',
      PGPASSWORD: 'word-for-postgres',
      TUTELAGE_LEDGER: 'word-in-address',
    });
    expect([...secretsOf(environment, ['MY_TEACHER']).keys()]).toContain('MY_TEACHER');
  });

  it('are replaced by the names of their variables', () => {
    const secrets = secretsOf(environment);
    expect(redact('sent a-key-of-some-length, twice: a-key-of-some-length', secrets)).toBe(
      'sent [OPENAI_API_KEY], twice: [OPENAI_API_KEY]',
    );
    expect(redact(`Authorization: Bearer ${'x1'.repeat(20)}`, secrets)).toBe('Authorization: [redacted]');
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
    expect(secretPattern.test(text)).toBe(expected);
  });
});
