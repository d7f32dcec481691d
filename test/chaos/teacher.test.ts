import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { markerKey } from '../support/buying';
import { type KilledRun, killRun } from '../support/kill-run';
import { expectNothingLeftOf } from '../support/processes';

jest.setTimeout(600_000);

/** As many kills as two minutes hold; `npm run chaos -- --kills 20` is the same with more. */
describe('a run whose process tree is killed at random instants while it buys', () => {
  let result: KilledRun;

  beforeAll(async () => {
    result = await killRun({ kills: 8, seed: 1, afterFirstCallMs: 1500 });
  });

  it('sends nothing again that is settled', () => {
    expect(result).toMatchObject({ resentAlthoughSettled: 0 });
  });

  it('sends again at most what was in flight at the kills, and all of it stands in the ledger as unknown', () => {
    expect(result.unknown).toBeGreaterThan(0);
    expect(result.resent).toBeLessThanOrEqual(result.inFlightAtKills);
    // What was marked and killed before it went out is unknown to the ledger and new to the teacher. Marks that share a
    // commit can be lost together, so a kill may leave as many of them as there are places on the line.
    expect(result.resent + result.neverReceived).toBe(result.unknown);
    expect(result.neverReceived).toBeGreaterThanOrEqual(0);
    expect(result.unknown).toBeLessThanOrEqual(8 * result.kills);
  });

  it('is back after most kills in less time than its first call needed', () => {
    const sorted = [...result.backAfterMs].sort((left, right) => left - right);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(result.firstCallMs);
  });

  it('is within its caps at every instant', () => {
    for (const cap of ['samples', 'tokens', 'nanoUsd'] as const) {
      expect(result.most[cap]).toBeLessThanOrEqual(result.caps[cap]);
    }
  });

  it('ends with the selections, rows, weights and spend of an uninterrupted run', () => {
    expect(result.rowsIdentical).toBe(true);
  });

  it('wrote the key of the teacher nowhere', async () => {
    expect(result.said).not.toContain(markerKey);
    const files = await readdir(result.workspace, { recursive: true, withFileTypes: true });
    const names = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
    for (const kind of ['ledger.db', 'temporal.db', 'run.json', 'results.json', 'report.html', 'iter-1.json']) {
      expect(names.some((name) => name.endsWith(kind))).toBe(true);
    }
    for (const name of names) {
      expect({ name, hasKey: (await readFile(name)).includes(markerKey) }).toEqual({ name, hasKey: false });
    }
  });

  it('leaves no process behind', async () => {
    await expectNothingLeftOf(result.workspace);
  });
});
