import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../support/repository-text';

test('npx tutelage works in a clone although an earlier npx was killed between registering the clone and linking its command', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tutelage-npx-'));
  const clone = clonedPackage(join(folder, 'clone'));
  const cache = join(folder, 'npm-cache');
  const npx = () =>
    execFileSync('npx', ['--offline', 'tutelage'], {
      cwd: clone,
      env: { ...process.env, npm_config_cache: cache },
      encoding: 'utf8',
    });
  expect(npx()).toBe('it runs\n');
  const [registered] = readdirSync(join(cache, '_npx'));
  rmSync(join(cache, '_npx', registered as string, 'node_modules', '.bin'), { recursive: true });
  expect(npx()).toBe('it runs\n');
});

/** A package with this one's prepare script, a build that is up to date, and a command that says that it runs. */
function clonedPackage(folder: string): string {
  mkdirSync(join(folder, 'src'), { recursive: true });
  mkdirSync(join(folder, 'dist', 'cli'), { recursive: true });
  cpSync(join(root, 'scripts', 'prepare.mjs'), join(folder, 'scripts', 'prepare.mjs'));
  const manifest = { name: 'tutelage', version: '0.0.0', bin: { tutelage: 'dist/cli/main.js' } };
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ ...manifest, scripts: { prepare: 'node scripts/prepare.mjs' } }),
  );
  for (const name of ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json']) {
    writeFileSync(join(folder, name), '{}');
  }
  writeFileSync(join(folder, 'dist', 'cli', 'main.js'), "#!/usr/bin/env node\nconsole.log('it runs');\n");
  writeFileSync(join(folder, 'dist', 'workflow-bundle.js'), '');
  execFileSync('node', [join(folder, 'scripts', 'prepare.mjs')]);
  return folder;
}
