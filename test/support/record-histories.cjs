/**
 * Records the histories of a small experiment into test/histories/<version>: `npm run record:histories`. Once a version is
 * released its files stay for ever: they are what runs that are open during an upgrade look like.
 */
const { spawnSync } = require('node:child_process');
const { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { version } = require('../../package.json');

const config = `
name: recorded
task: {kind: operator-chains, pool_size: 120, test_size: 24}
teacher: {provider: offline}
student:
  base: tiny
  warm_up: {rows: 40, steps: 5}
  max_new_tokens: 8
  finetune: {method: full, include_base_rows: true, epochs: 1, batch_size: 32, learning_rate: 3e-3}
iterations: 2
samples_per_iteration: 60
budget: {tokens: 100000}
matrix: {strategy: [random, loss]}
`;

const folder = mkdtempSync(join(tmpdir(), 'tutelage-record-'));
writeFileSync(join(folder, 'recorded.yaml'), config);
const main = join(__dirname, '..', '..', 'dist', 'cli', 'main.js');
const { status } = spawnSync(process.execPath, [main, 'run', join(folder, 'recorded.yaml')], {
  env: { ...process.env, TUTELAGE_HOME: join(folder, 'workspace') },
  stdio: 'inherit',
});
if (status !== 0) {
  process.exit(1);
}
const target = join(__dirname, '..', 'histories', version);
const runs = join(folder, 'workspace', 'runs', 'recorded');
mkdirSync(target, { recursive: true });

/** Without the name of the machine it was recorded on. */
function keep(source, name) {
  const text = readFileSync(source, 'utf8').replace(/"identity": "[^"]*"/g, '"identity": "recorder"');
  writeFileSync(join(target, name), text);
}

keep(join(runs, 'history', 'experiment.json'), 'experiment.json');
for (const run of ['random', 'loss']) {
  for (const file of readdirSync(join(runs, run, 'history')).filter((name) => name.endsWith('.json'))) {
    keep(join(runs, run, 'history', file), `${run}-${file}`);
  }
}
rmSync(folder, { recursive: true });
