import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ledger, openLedger } from '../../../src/store/ledger';
import { buyWith } from '../../support/buying';
import { echoFaults, startMisbehavingTeacher } from '../../support/misbehaving-teacher';
import { filesWithSecret } from '../../support/secret-forms';

/** Every character of it is written in another way somewhere. */
const key = 'Kx9/with+"quotes" & 100%\\done';
const oneRow = { ledger: '', run: 'run', to: 1, key, withoutRepeats: true };

let directory: string;
let ledger: Ledger;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tutelage-echo-'));
  ledger = await openLedger(join(directory, 'ledger.db'));
});
afterEach(async () => {
  expect(await ledger.recount()).toEqual([]);
  await ledger.close();
  await rm(directory, { recursive: true });
});

describe.each(echoFaults)('a reply that repeats the key (%s)', (kind) => {
  it('is stored without it, stops the purchase, and its row is rejected when the run resumes', async () => {
    const teacher = await startMisbehavingTeacher({ faults: [{ kind, times: 9 }] });
    try {
      const buying = { ...oneRow, baseUrl: teacher.baseUrl };
      await expect(buyWith(ledger, buying)).rejects.toMatchObject({
        kind: 'teacher-refused',
        message: expect.stringContaining('sent back the value of the environment variable TEST_KEY'),
      });
      const [row] = await buyWith(ledger, buying);
      expect(row).toMatchObject({
        state: 'rejected',
        stage: 'question',
        reason: 'the reply held the value of the environment variable TEST_KEY',
      });
      expect(teacher.received).toBe(1);
      expect(await filesWithSecret(directory, key)).toEqual([]);
    } finally {
      await teacher.close();
    }
  });
});
