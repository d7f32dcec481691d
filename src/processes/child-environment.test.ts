import { childEnvironment } from './child-environment';

const secrets = {
  OPENAI_API_KEY: 'a',
  TEACHER: 'a key under a plain name',
  PGPASSWORD: 'a',
  DATABASE_URL: 'postgres://user:password@host/db',
  TUTELAGE_LEDGER: 'postgres://user:password@host/db',
  TUTELAGE_PAYLOAD_KEY: 'a',
  AWS_SECRET_ACCESS_KEY: 'a',
  GITHUB_TOKEN: 'a',
  TEMPORAL_API_KEY: 'a',
};
const needed = {
  PATH: '/bin',
  HOME: '/root',
  LC_ALL: 'C',
  https_proxy: 'http://proxy',
  NO_PROXY: '*',
  CUDA_VISIBLE_DEVICES: '1',
};

test('a child gets what it needs and no secret, whatever it is called', () => {
  expect(childEnvironment('engine', { ...secrets, ...needed, HF_TOKEN: 'for gated models' })).toEqual({
    ...needed,
    HF_TOKEN: 'for gated models',
  });
  const { CUDA_VISIBLE_DEVICES: _, ...plain } = needed;
  expect(childEnvironment('install', { ...secrets, ...needed, PIP_INDEX_URL: 'https://u:p@index/' })).toEqual({
    ...plain,
    PIP_INDEX_URL: 'https://u:p@index/',
  });
});
