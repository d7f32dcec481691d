import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

jest.setTimeout(300_000);

/** Megabytes of heap: room for the program and for a part of the pool, and for no table of 300,000 rows. */
const HEAP_MIB = 64;

async function lookAt(mode: 'stream' | 'hold') {
  const folder = await mkdtemp(join(tmpdir(), 'tutelage-large-'));
  const script = join(__dirname, '..', 'support', 'large-pool.cjs');
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MIB}`, script, folder, mode]);
  let output = '';
  let errors = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  await rm(folder, { recursive: true });
  return { code, output, errors };
}

describe('a pool of 300,000 seeds, in a heap that cannot hold it', () => {
  test('is stored, joined, paired with answers and selected from', async () => {
    const { code, output, errors } = await lookAt('stream');
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(JSON.parse(output)).toEqual({ pairs: [20_000, 20_000], picks: 2000, best: 499.5 });
  });

  test('is really too large for it', async () => {
    const { code, errors } = await lookAt('hold');
    expect(code).not.toBe(0);
    expect(errors).toContain('heap out of memory');
  });
});
