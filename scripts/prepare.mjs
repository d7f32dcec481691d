import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

// Builds, unless the build is newer than everything it is made from.
const root = join(import.meta.dirname, '..');
const sources = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'].map((name) =>
  join(root, name),
);
sources.push(...readdirSync(join(root, 'src'), { recursive: true }).map((name) => join(root, 'src', name)));
const modifiedAt = (path) => statSync(path).mtimeMs;
const lastOutput = join(root, 'dist', 'workflow-bundle.js');

if (!existsSync(lastOutput) || sources.some((path) => modifiedAt(path) > modifiedAt(lastOutput))) {
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
  process.exitCode = status ?? 1;
}

// In a checkout the first `npx tutelage` registers the checkout in npm's cache. If that is killed halfway, npm considers
// it registered but finds no command there, now and for ever. npx also looks here, so this link makes it work anyway.
const commands = join(root, 'node_modules', '.bin');
mkdirSync(commands, { recursive: true });
rmSync(join(commands, 'tutelage'), { force: true });
chmodSync(join(root, 'dist', 'cli', 'main.js'), 0o755);
symlinkSync('../../dist/cli/main.js', join(commands, 'tutelage'));
