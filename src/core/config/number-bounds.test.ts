import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const schema: unknown = JSON.parse(readFileSync(join(__dirname, '../../../config/init/tutelage.schema.json'), 'utf8'));

/** Key paths of the numbers that a configuration may hold without a lowest or a largest value. */
function unbounded(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || path.startsWith('/definitions')) {
    return [];
  }
  const node = new Map(Object.entries(value));
  const low = node.get('minimum') ?? node.get('exclusiveMinimum');
  const high = node.get('maximum') ?? node.get('exclusiveMaximum');
  const isNumber = node.get('type') === 'number' || node.get('type') === 'integer';
  const own = isNumber && (typeof low !== 'number' || typeof high !== 'number') ? [path] : [];
  const children = [...node].filter(([key]) => key !== 'default' && key !== 'enum' && key !== 'const');
  return [...own, ...children.flatMap(([key, child]) => unbounded(child, `${path}/${key}`))];
}

test('every number of a configuration has bounds, but those that are passed on as they are', () => {
  const passedOn = /\/(?:parameters|query|template_options|options|schema)\//;
  expect(unbounded(schema).filter((path) => !passedOn.test(path))).toEqual([]);
});
