import { join } from 'node:path';
import { z } from 'zod';
import { type Ledger, type LedgerMark, openLedger } from './ledger';
import { readJsonFile, type Workspace, writeFileAtomically } from './workspace';

/** `ledger-mark.json`: which ledger this workspace uses, and how far it had come when that was last written down. */
const markSchema = z.object({
  id: z.string(),
  calls: z.int(),
  answers: z.int(),
  lastSettled: z.string().exactOptional(),
});

const fileOf = ({ root }: Workspace) => join(root, 'ledger-mark.json');

/** How far a killed process may be behind with it. */
const MARK_EVERY_MS = 2000;

/** For whoever opens the ledger: one that is another, or behind, is refused. Nothing is known of a new workspace. */
export async function knownLedger(workspace: Workspace): Promise<{ readonly expected?: LedgerMark }> {
  const parsed = markSchema.safeParse(await readJsonFile(fileOf(workspace)).catch(() => null));
  return parsed.success ? { expected: parsed.data } : {};
}

/** The ledger of a workspace, for whoever buys: while it is open, the workspace's mark follows it. */
export async function openWorkspaceLedger(workspace: Workspace): Promise<Ledger> {
  const known = await knownLedger(workspace);
  const ledger = await openLedger(workspace.ledger, known);
  let noted = known.expected;
  const note = async () => {
    // A process that has settled nothing yet keeps what the one before it knew.
    const before = noted;
    const mark = { ...before, ...(await ledger.mark()) };
    const isFurther = before === undefined || before.calls < mark.calls || before.answers < mark.answers;
    if (isFurther || before.id !== mark.id || before.lastSettled !== mark.lastSettled) {
      await writeFileAtomically(fileOf(workspace), `${JSON.stringify(mark)}\n`);
      noted = mark;
    }
  };
  await note();
  let noting = Promise.resolve();
  const timer = setInterval(() => {
    noting = note().catch(() => {});
  }, MARK_EVERY_MS).unref();
  return {
    ...ledger,
    close: async () => {
      clearInterval(timer);
      await noting;
      // A full disk keeps nobody from closing; the mark is only older then.
      await note().catch(() => {});
      await ledger.close();
    },
  };
}
