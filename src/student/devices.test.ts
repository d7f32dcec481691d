import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cards, visibleCards } from './devices';

test.each<[NodeJS.ProcessEnv, string[]]>([
  [{ CUDA_VISIBLE_DEVICES: '0,2' }, ['0', '2']],
  [{ CUDA_VISIBLE_DEVICES: 'GPU-8932f937, GPU-1a2b' }, ['GPU-8932f937', 'GPU-1a2b']],
  [{ CUDA_VISIBLE_DEVICES: '' }, []],
  [{ CUDA_VISIBLE_DEVICES: '-1' }, []],
  [{ CUDA_VISIBLE_DEVICES: '0,1', TUTELAGE_DEVICE: 'cpu' }, []],
])('%j has the cards %j', (environment, cards) => {
  expect(visibleCards(environment)).toEqual(cards);
});

test("the driver's tool is asked where nothing is set", () => {
  const folder = mkdtempSync(join(tmpdir(), 'tutelage-smi-'));
  writeFileSync(join(folder, 'nvidia-smi'), '#!/bin/sh\necho "GPU 0: A (UUID: x)"\necho "GPU 1: B (UUID: y)"\n');
  chmodSync(join(folder, 'nvidia-smi'), 0o755);
  expect(visibleCards({ PATH: `${folder}:${process.env.PATH}` })).toEqual(['0', '1']);
});

test('each engine gets the card that the fewest use, and a dead one gives its own back', () => {
  const cards = new Cards(['0', '1']);
  expect([cards.take(), cards.take(), cards.take()]).toEqual(['0', '1', '0']);
  cards.free('0');
  cards.free('0');
  expect(cards.take()).toBe('0');
  expect(new Cards([]).take()).toBeNull();
});
