import { isKeyAllowed } from './credential-names';

test.each(['OPENAI_API_KEY', 'TEACHER_KEY', 'NONE', 'MY_KEY', 'AZURE_OPENAI_API_KEY'])(
  '%s may be sent to the endpoint that a configuration names',
  (name) => expect(isKeyAllowed(name, undefined)).toBe(true),
);

test.each([
  ...['AWS_SECRET_ACCESS_KEY', 'GITHUB_TOKEN', 'HF_TOKEN', 'PGPASSWORD', 'DATABASE_URL', 'TUTELAGE_PAYLOAD_KEY'],
  ...['TEMPORAL_API_KEY', 'NPM_CONFIG__AUTH', 'GOOGLE_APPLICATION_CREDENTIALS', 'SSH_AUTH_SOCK', 'MYSQL_PASSWORD'],
])('%s may only if the person who runs it says so', (name) => {
  expect(isKeyAllowed(name, undefined)).toBe(false);
  expect(isKeyAllowed(name, 'OTHER_TOKEN')).toBe(false);
  expect(isKeyAllowed(name, `OTHER_TOKEN, ${name}`)).toBe(true);
});
