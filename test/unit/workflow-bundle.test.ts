import { readFileSync } from 'node:fs';
import { workflowBundlePath } from '../support/paths';

/** What the workflow sandbox may hold. Lint sees imports; only the bundle shows what they drag in. */
describe('the workflow bundle', () => {
  const bundle = readFileSync(workflowBundlePath, 'utf8');
  const modules = [...bundle.matchAll(/^\/\*\*\*\/ "(\.[^"]+)"$/gm)].map(([, name]) => name as string);

  it('is made of the workflows, the core and the SDK', () => {
    const own = modules.filter((name) => name.startsWith('./dist/')).map((name) => name.split('/')[2]);
    expect([...new Set(own)].sort()).toEqual(['core', 'workflows']);
  });

  it('holds no client, no database, no teacher and no schema library', () => {
    const packages = new Set(
      modules
        .map((name) => /^\.\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(name)?.[1])
        .filter((name) => name !== undefined),
    );
    for (const name of ['openai', 'libsql', 'kysely', 'pino', 'zod', '@temporalio/client', '@temporalio/activity']) {
      expect(packages).not.toContain(name);
    }
  });

  it('asks for no environment and no files in our own modules', () => {
    const own = bundle.split(/^\/\*\*\*\/ "/m).filter((module) => module.startsWith('./dist/'));
    expect(own.length).toBeGreaterThan(5);
    expect(own.filter((module) => /process\.env|require\(.?"node:/.test(module))).toEqual([]);
  });
});
