import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExperimentResults } from '../../src/analysis/results-schema';
import { folderWith, runCli } from '../support/cli';

jest.setTimeout(600_000);

/**
 * The measured recipe, smaller: three iterations, eight passes. Over five random seeds the macro accuracy of `loss` was
 * .085 to .132 above `random`'s, and the lowest-loss control gained almost nothing over the base.
 */
const config = `
name: sign
task: {kind: operator-chains, pool_size: 3000, test_size: 600}
teacher: {provider: offline}
student:
  base: tiny
  warm_up: {rows: 600, steps: 250}
  max_new_tokens: 8
  finetune:
    {method: full, include_base_rows: true, epochs: 8, batch_size: 64, learning_rate: 3e-3, warmup: 0.05, beta2: 0.98, weight_decay: 0.01}
iterations: 3
samples_per_iteration: 300
matrix: {strategy: [random, loss, loss-low]}
`;

it('the highest loss ends above random, and the lowest well below', async () => {
  const { file, workspace } = await folderWith(config);
  expect(await runCli(['run', file], { workspace })).toMatchObject({ exitCode: 0 });

  const text = await readFile(join(workspace, 'runs', 'sign', 'results.json'), 'utf8');
  const { runs } = JSON.parse(text) as ExperimentResults;
  const macro = Object.fromEntries(runs.map(({ run, curve }) => [run, curve.at(-1)?.macro ?? Number.NaN]));
  expect(Object.keys(macro).sort()).toEqual(['sign/loss', 'sign/loss-low', 'sign/random']);
  const { 'sign/random': random, 'sign/loss': loss, 'sign/loss-low': low } = macro as Record<string, number>;
  expect(loss).toBeGreaterThan((random as number) + 0.04);
  expect(low).toBeLessThan((random as number) - 0.04);
});
