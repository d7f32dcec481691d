import { cpus, loadavg, platform, release } from 'node:os';
import { measureArtifacts } from './scale-artifacts';
import { measureLedger } from './scale-ledger';
import { measurePool } from './scale-pool';
import { measureScreen } from './scale-screen';

/** What grows with a run, each part on its own. */
const parts: Readonly<Record<string, (seeds: number) => Promise<void>>> = {
  artifacts: measureArtifacts,
  ledger: measureLedger,
  pool: measurePool,
  screen: measureScreen,
};

/** `npm run bench:scale [-- PART ...] [--seeds N]`: all parts, or those that are named; a pool of 100,000 seeds, or of N. */
async function main(): Promise<void> {
  const given = process.argv.indexOf('--seeds');
  const seeds = given < 0 ? 100_000 : Number(process.argv[given + 1]);
  const named = process.argv.slice(2).filter((name) => name in parts);
  const load = loadavg()[0]?.toFixed(1);
  console.log(
    `${new Date().toISOString()}  ${platform()} ${release()}, ${cpus().length} x ${cpus()[0]?.model}, load ${load}, node ${process.version}`,
  );
  for (const [name, measure] of Object.entries(parts)) {
    if (named.length === 0 || named.includes(name)) {
      await measure(seeds);
    }
  }
}

void main();
