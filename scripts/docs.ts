import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resultsFormatMarkdown } from '../src/analysis/results-format';
import { jsonEventsMarkdown } from '../src/cli/json-events';
import { schemaText } from '../src/cli/schema';
import { configReference } from '../src/core/config';
import { cliReference } from '../test/support/docs/cli-reference';

export const root = join(__dirname, '..');

/** Every generated file, and what makes it. A test compares them, so none can be out of date. */
export const generatedDocuments: Readonly<Record<string, () => string>> = {
  'docs/cli.md': cliReference,
  'docs/config.md': configReference,
  'docs/json-events.md': jsonEventsMarkdown,
  'docs/results-format.md': resultsFormatMarkdown,
  'config/init/tutelage.schema.json': schemaText,
};

/** `npm run docs`: writes them all. */
if (require.main === module) {
  for (const [path, generate] of Object.entries(generatedDocuments)) {
    writeFileSync(join(root, path), generate());
    console.log(path);
  }
}
