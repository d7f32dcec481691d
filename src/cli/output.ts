import { join } from 'node:path';
import { logUpdateStderr } from 'log-update';
import { summaryLines } from '../analysis/summary';
import type { Workspace } from '../store/workspace';
import type { Launch } from './launch';
import { renderLive, renderPlain } from './live-view';
import type { Snapshot } from './snapshot';

/** What a following command says: stdout is data, stderr is for people. */
export interface Output {
  /** What is being set up, in a few words. */
  setUp(message: string): void;
  launched(launch: Launch): void;
  /** A sentence for people that stays on the screen. */
  notice(message: string): void;
  snapshot(snapshot: Snapshot): void;
  stopping(): void;
  interrupted(launch: Launch): void;
  paused(launch: Launch, last: Snapshot): void;
  /** Writes the report and says what came out. */
  complete(workspace: Workspace, launch: Launch, options: { wasComplete: boolean }): Promise<void>;
  close(): void;
}

/** Five seconds are promised; the clock is looked at ten times in that. */
const PLAIN_LINE_EVERY_MS = 4500;

export function openOutput(options: { readonly json: boolean }): Output {
  const people = process.stderr.isTTY ? terminal() : plain();
  const emit = (event: string, fields: object) => {
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
    }
  };
  let iterations = new Map<string, number>();

  return {
    setUp: people.setUp,
    launched: (launch) => {
      emit('launch', { name: launch.name, runs: launch.plans.map(({ run }) => run) });
    },
    notice: people.say,
    snapshot: (snapshot) => {
      people.snapshot(snapshot);
      emit('progress', snapshot);
      for (const { run, iterationsDone, rowsAccepted, accuracy, macroAccuracy } of snapshot.runs) {
        if (iterationsDone > (iterations.get(run) ?? 0)) {
          emit('iteration', { run, iteration: iterationsDone, rowsAccepted, accuracy, macroAccuracy });
        }
        iterations = new Map(iterations).set(run, Math.max(iterationsDone, iterations.get(run) ?? 0));
      }
    },
    stopping: () =>
      people.say('stopping: checkpoints are saved, answers in flight come in; Ctrl-C again stops at once'),
    interrupted: (launch) => {
      people.close();
      people.say(`${launch.name} is stopped and safe\nnext: give the same command again; it goes on from here`);
      emit('interrupted', { name: launch.name });
    },
    paused: (launch, { runs, waitingFor: held }) => {
      people.close();
      const reasons = new Set([held, ...runs.map(({ waitingFor }) => waitingFor)].filter((reason) => reason !== null));
      people.say(
        `${launch.name} is paused: ${[...reasons].join('; ')}\nnext: mend that, then give the same command again`,
      );
      emit('paused', { name: launch.name, reasons: [...reasons] });
    },
    complete: async (workspace, launch, { wasComplete }) => {
      people.close();
      // Figures take a quarter of a second to load, which the start need not wait for.
      const { writeReport } = await import('../analysis/write-report.js');
      const { results, reportPath } = await writeReport({ workspace: workspace.root, name: launch.name });
      if (wasComplete) {
        people.say(`${launch.name} is complete already; nothing to do`);
      }
      people.say(summaryLines(results, { reportPath, next: launch.next }).join('\n'));
      emit('done', {
        name: launch.name,
        report: reportPath,
        results: join(workspace.runDirectory(launch.name), 'results.json'),
      });
    },
    close: people.close,
  };
}

interface PeopleOutput {
  setUp(message: string): void;
  snapshot(snapshot: Snapshot): void;
  say(text: string): void;
  /** Ends what moves; a last sentence may follow. */
  close(): void;
}

/** A live view that is drawn over itself. */
function terminal(): PeopleOutput {
  const view = logUpdateStderr;
  return {
    setUp: (message) => view(`setting up: ${message}`),
    snapshot: (snapshot) => {
      const { columns, rows } = process.stderr;
      view(renderLive(snapshot, columns || 80, rows || 24).join('\n'));
    },
    say: (text) => {
      view.done();
      process.stderr.write(`${text}\n`);
    },
    close: () => view.done(),
  };
}

/** Lines for a log: one every few seconds, however long a look takes, and one for every stage of the set-up. */
export function plain(): PeopleOutput {
  let latest: { snapshot: Snapshot; atMs: number } | null = null;
  let lineMs = 0;
  let lastStage = '';
  const lineIfDue = () => {
    const nowMs = Date.now();
    if (latest === null || nowMs - lineMs < PLAIN_LINE_EVERY_MS) {
      return;
    }
    lineMs = nowMs;
    const elapsedSeconds = latest.snapshot.elapsedSeconds + (nowMs - latest.atMs) / 1000;
    process.stderr.write(`${renderPlain({ ...latest.snapshot, elapsedSeconds })}\n`);
  };
  // A server that is away lets each look wait.
  const clock = setInterval(lineIfDue, 500).unref();
  return {
    setUp: (message) => {
      if (message !== lastStage) {
        process.stderr.write(`setting up: ${message}\n`);
        lastStage = message;
      }
    },
    snapshot: (snapshot) => {
      latest = { snapshot, atMs: Date.now() };
      lineIfDue();
    },
    say: (text) => process.stderr.write(`${text}\n`),
    close: () => clearInterval(clock),
  };
}
