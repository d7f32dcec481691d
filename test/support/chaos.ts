import { killRun } from './kill-run';
import { timeBack } from './time-back';

/**
 * `npm run chaos -- --kills N [--seed S]`: the chaos test with as many kills as you like, and what came of it.
 * `npm run chaos -- --back N [--seed S]`: four runs in one workspace, and the time from a start after a kill to the first call.
 */
async function main(): Promise<void> {
  const given = (name: string, otherwise: number) => {
    const index = process.argv.indexOf(`--${name}`);
    return index < 0 ? otherwise : Number(process.argv[index + 1]);
  };
  const back = given('back', 0);
  if (back > 0) {
    console.log(
      `first call after a kill           ${timesText(await timeBack({ kills: back, seed: given('seed', 7) }))}`,
    );
    return;
  }
  const kills = given('kills', 20);
  // About 14 s of buying, spread over the kills.
  const result = await killRun({
    kills,
    seed: given('seed', Date.now() % 100_000),
    afterFirstCallMs: Math.min(3000, 16_000 / kills),
  });
  const { caps, most } = result;
  const lines = [
    ['kills', result.kills],
    ['settled', result.settled],
    ['unknown', result.unknown],
    [
      're-sent',
      `${result.resent} (in flight at the kills: ${result.inFlightAtKills}; marked, and killed before they went out: ${result.neverReceived})`,
    ],
    ['re-sent although settled', result.resentAlthoughSettled],
    ['most samples of cap', `${most.samples} of ${caps.samples}`],
    ['most tokens of cap', `${most.tokens} of ${caps.tokens}`],
    ['most USD of cap', `${(most.nanoUsd / 1e9).toFixed(4)} of ${caps.nanoUsd / 1e9}`],
    ['identical to the uninterrupted run', result.rowsIdentical ? 'yes' : 'no'],
    ['back after a kill', timesText(result.backAfterMs)],
  ];
  for (const [name, value] of lines) {
    console.log(`${`${name}`.padEnd(34)}${value}`);
  }
  const isRight = result.rowsIdentical && result.resentAlthoughSettled === 0 && result.resent <= result.unknown;
  process.exitCode = isRight ? 0 : 1;
}

function timesText(timesMs: readonly number[]): string {
  const sorted = [...timesMs].sort((left, right) => left - right);
  const seconds = (ms: number | undefined) => ((ms ?? 0) / 1000).toFixed(1);
  return `median ${seconds(sorted[sorted.length >> 1])} s, most ${seconds(sorted.at(-1))} s`;
}

void main();
