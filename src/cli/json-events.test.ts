import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonEventsMarkdown } from './json-events';

it('docs/json-events.md lists the keys of every event, as they are', () => {
  const written = readFileSync(join(__dirname, '..', '..', 'docs', 'json-events.md'), 'utf8');
  expect(written).toBe(jsonEventsMarkdown());
});
