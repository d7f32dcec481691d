import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Gpus, visibleGpus } from './devices';

test.each<[NodeJS.ProcessEnv, string[]]>([
  [{ CUDA_VISIBLE_DEVICES: '0,2' }, ['0', '2']],
  [{ CUDA_VISIBLE_DEVICES: 'GPU-8932f937, GPU-1a2b' }, ['GPU-8932f937', 'GPU-1a2b']],
  [{ CUDA_VISIBLE_DEVICES: '' }, []],
  [{ CUDA_VISIBLE_DEVICES: '-1' }, []],
  [{ CUDA_VISIBLE_DEVICES: '0,1', TUTELAGE_DEVICE: 'cpu' }, []],
])('%j has the GPUs %j', (environment, gpus) => {
  expect(visibleGpus(environment)).toEqual(gpus);
});

test("the driver's tool is asked where nothing is set", () => {
  const folder = mkdtempSync(join(tmpdir(), 'tutelage-smi-'));
  writeFileSync(join(folder, 'nvidia-smi'), '#!/bin/sh\necho "GPU 0: A (UUID: x)"\necho "GPU 1: B (UUID: y)"\n');
  chmodSync(join(folder, 'nvidia-smi'), 0o755);
  expect(visibleGpus({ PATH: `${folder}:${process.env.PATH}` })).toEqual(['0', '1']);
});

test('each engine gets the GPU that the fewest use, and a dead one gives its own back', () => {
  const gpus = new Gpus(['0', '1']);
  expect([gpus.take(), gpus.take(), gpus.take()]).toEqual(['0', '1', '0']);
  gpus.free('0');
  gpus.free('0');
  expect(gpus.take()).toBe('0');
  expect(new Gpus([]).take()).toBeNull();
});
