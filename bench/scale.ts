import { cpus, loadavg, platform, release } from 'node:os';
import { measureArtifacts } from './scale-artifacts';
import { measurePool } from './scale-pool';

/**
 * `npm run bench:scale`: what grows with a run, each part by itself: artifacts, the pool. `--seeds N` sets the size of the pool (100,000).
 */
async function main(): Promise<void> {
  const given = process.argv.indexOf('--seeds');
  const seeds = given < 0 ? 100_000 : Number(process.argv[given + 1]);
  const load = loadavg()[0]?.toFixed(1);
  console.log(`${new Date().toISOString()}  ${platform()} ${release()}, ${cpus().length} x ${cpus()[0]?.model}, load ${load}, node ${process.version}`);
  await measureArtifacts();
  await measurePool(seeds);
}

void main();
