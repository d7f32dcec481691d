import { buildProgram } from './main';

describe('the command line', () => {
  it('has --json and a description for every verb', () => {
    for (const verb of buildProgram(() => {}).commands) {
      expect({ verb: verb.name(), json: verb.options.some(({ long }) => long === '--json') }).toEqual({
        verb: verb.name(),
        json: true,
      });
      expect(verb.description()).toMatch(/^[a-z].*[^.]$/);
    }
  });
});
