import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliReference } from './cli-reference';
import { buildProgram } from './main';

const file = join(__dirname, '..', '..', 'docs', 'cli.md');

describe('the command line', () => {
  it('is in docs/cli.md as its help says it (write it anew with UPDATE_DOCS=1)', () => {
    if (process.env.UPDATE_DOCS === '1') {
      writeFileSync(file, cliReference());
    }
    expect(readFileSync(file, 'utf8')).toBe(cliReference());
  });

  it('has --json on every verb, and a sentence about each', () => {
    for (const verb of buildProgram(() => {}).commands) {
      expect({ verb: verb.name(), json: verb.options.some(({ long }) => long === '--json') }).toEqual({
        verb: verb.name(),
        json: true,
      });
      expect(verb.description()).toMatch(/^[a-z].*[^.]$/);
    }
  });
});
