import { knownLedger } from '../../store/known-ledger';
import { type LedgerView, openLedgerView } from '../../store/ledger';
import type { Workspace } from '../../store/workspace';
import { describeError } from '../exit-codes';
import type { ListedEvent } from '../json-events';
import { listedEvent } from '../list';
import type { Snapshot } from '../snapshot';
import { takeSnapshots, topLevel } from '../status';
import type { Seen } from '../stored-snapshot';
import { listWork, type NamedWork } from '../workspace-names';
import { recordStamp } from './record-stamp';

export interface WorkspaceLook {
  readonly works: readonly LookedAt[];
  /** Files that cannot be read, in a sentence each. */
  readonly damages: readonly string[];
}

/** What `status` and `list` know of a run or an experiment. */
export interface LookedAt {
  readonly snapshot: Snapshot;
  readonly kind: NamedWork['kind'];
  readonly listed: ListedEvent;
}

/** What `status` knows, for any number of pages. */
export interface Watch {
  look(): Promise<WorkspaceLook>;
  close(): Promise<void>;
}

/** Pages that ask within this time share a look, so that ten tabs cost as much as one. */
const LOOK_KEPT_MS = 1000;

export function openWatch(workspace: Workspace): Watch {
  const complete = new Map<string, Seen>();
  const stamps = new Map<string, string>();
  let ledger: LedgerView | null = null;
  let last: { readonly atMs: number; readonly look: Promise<WorkspaceLook> } | null = null;

  async function take(): Promise<WorkspaceLook> {
    await forgetReplaced(workspace, complete, stamps);
    // A workspace that has no ledger yet may get one.
    ledger ??= await openLedgerView(workspace.ledger, await knownLedger(workspace));
    const all = topLevel(await listWork(workspace));
    const damages = all.flatMap(({ damage }) => (damage === undefined ? [] : [describeError(damage)]));
    const works = all.filter(({ damage }) => damage === undefined);
    const taken = await Promise.all(works.map((work) => takeOne(work)));
    return {
      works: taken.flatMap((one) => one.works),
      damages: [...damages, ...taken.flatMap((one) => one.damages)],
    };
  }

  /** A record that is damaged hides no other. */
  async function takeOne(work: NamedWork): Promise<WorkspaceLook> {
    try {
      const snapshots = await takeSnapshots(workspace, ledger, [work], complete);
      const works = snapshots.map(async (snapshot) => {
        return { snapshot, kind: work.kind, listed: await listedEvent(workspace, snapshot) };
      });
      return { works: await Promise.all(works), damages: [] };
    } catch (error) {
      return { works: [], damages: [describeError(error)] };
    }
  }

  return {
    look: () => {
      if (last === null || Date.now() - last.atMs > LOOK_KEPT_MS) {
        const look = take();
        last = { atMs: Date.now(), look };
        // A look that failed is not kept.
        look.catch(() => {
          last = null;
        });
      }
      return last.look;
    },
    close: async () => {
      await last?.look.catch(() => {});
      await ledger?.close();
    },
  };
}

/**
 * What is complete is not read again, unless its record is another: a page stays open for days, in which a run may be deleted
 * and started afresh under its name.
 */
async function forgetReplaced(
  workspace: Workspace,
  complete: Map<string, Seen>,
  stamps: Map<string, string>,
): Promise<void> {
  for (const run of complete.keys()) {
    const stamp = await recordStamp(workspace, run);
    if (stamps.get(run) !== stamp) {
      complete.delete(run);
      stamps.set(run, stamp);
    }
  }
}
