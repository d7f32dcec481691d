import { type AnswerPair, loadAnswerPairs } from '../../analysis/data/load-answer-pairs';
import { storeOf } from '../../analysis/data/load-rows';
import type { RowLine } from '../../analysis/data/row-line';
import { loadPicks, loadRun } from '../../analysis/load';
import type { Workspace } from '../../store/workspace';
import { recordStamp } from './record-stamp';

/** Runs whose rows are kept, and evaluations whose answers are: a run of 100,000 rows has 200 MB of texts. */
const KEPT_MAX = 2;

/** The answers of a run's students, with the iterations there are. */
export interface ComparedAnswers {
  readonly before: Evaluation;
  readonly after: Evaluation;
  /** `null` where the workspace does not have the answers. */
  readonly pairs: readonly AnswerPair[] | null;
}

export interface Evaluation {
  readonly run: string;
  readonly iteration: number;
  /** The last evaluation of that run. */
  readonly last: number;
}

/** Rows and answers of runs, read when a page asks and again when the run's record is another. */
export interface Samples {
  /** `null` before the base student was evaluated, and where the workspace has no artifacts. */
  rows(run: string): Promise<readonly RowLine[] | null>;
  /**
   * The base student of the run, or an evaluation of another, and an evaluation of this one.
   *
   * @param wanted iterations, 0 the base student; without one, or with one that there is not: the base before, the last after
   */
  answers(run: string, wanted: WantedAnswers): Promise<ComparedAnswers | null>;
}

export interface WantedAnswers {
  readonly against: string;
  readonly before: number | null;
  readonly after: number | null;
}

export function openSamples(workspace: Workspace): Samples {
  const keepRows = keeper<readonly RowLine[] | null>();
  const keepAnswers = keeper<ComparedAnswers | null>();

  async function compare(run: string, wanted: WantedAnswers): Promise<ComparedAnswers | null> {
    const [record, other] = await Promise.all([run, wanted.against].map((name) => loadRun(workspace.root, name)));
    if (!record || !other) {
      return null;
    }
    const isSame = run === wanted.against;
    const after = evaluationOf(record, wanted.after, record.iterations.length);
    const before = evaluationOf(other, wanted.before, isSame ? 0 : other.iterations.length);
    const pairs = await loadAnswerPairs(
      storeOf(workspace.root),
      { record: other, iteration: before.iteration },
      { record, iteration: after.iteration },
    );
    return { before, after, pairs };
  }

  return {
    rows: async (run) =>
      keepRows(run, await recordStamp(workspace, run), async () => {
        const record = await loadRun(workspace.root, run);
        return record && loadPicks(workspace.root, record);
      }),
    answers: async (run, wanted) => {
      const stamps = [await recordStamp(workspace, run), await recordStamp(workspace, wanted.against)];
      return keepAnswers(JSON.stringify([run, wanted]), stamps.join(), () => compare(run, wanted));
    },
  };
}

function evaluationOf(
  { run, iterations }: { readonly run: string; readonly iterations: readonly unknown[] },
  wanted: number | null,
  otherwise: number,
): Evaluation {
  const last = iterations.length;
  return { run, last, iteration: wanted !== null && wanted >= 0 && wanted <= last ? wanted : otherwise };
}

/** Keeps the last few things that were read, as long as their stamp is the same. */
function keeper<T>() {
  const kept = new Map<string, { readonly stamp: string; readonly read: Promise<T> }>();
  return (key: string, stamp: string, read: () => Promise<T>): Promise<T> => {
    const known = kept.get(key);
    const current = known?.stamp === stamp ? known : { stamp, read: read() };
    kept.delete(key);
    kept.set(key, current);
    // What failed is not kept.
    current.read.catch(() => kept.delete(key));
    const [oldest] = kept.keys();
    if (kept.size > KEPT_MAX && oldest !== undefined) {
      kept.delete(oldest);
    }
    return current.read;
  };
}
