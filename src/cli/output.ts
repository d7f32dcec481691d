import { join } from 'node:path';
import { summaryLines } from '../analysis/summary';
import type { Workspace } from '../store/workspace';
import type { Launch } from './launch';
import { liveTerminal } from './live-terminal';
import { renderIteration, renderLive, renderPlain } from './live-view';
import type { Snapshot } from './snapshot';

/** The output of a command that follows a run: stdout is data, stderr is for people. */
export interface Output {
  /** What is being set up, in a few words. */
  setUp(message: string): void;
  launched(launch: Launch): void;
  /** A sentence that stays on the screen. */
  notice(message: string): void;
  snapshot(snapshot: Snapshot): void;
  stopping(): void;
  interrupted(launch: Launch): void;
  paused(launch: Launch, last: Snapshot): void;
  /** Writes the report and prints the summary. */
  complete(workspace: Workspace, launch: Launch, options: { wasComplete: boolean }): Promise<void>;
  close(): void;
}

/** A line at least every five seconds is promised; a timer checks every half second. */
const PLAIN_LINE_EVERY_MS = 4500;

/** @param options.footer the last line of the live view */
export function openOutput(options: { readonly json: boolean; readonly footer?: string }): Output {
  const people = process.stderr.isTTY ? terminal(options.footer) : plain();
  const emit = (event: string, fields: object) => {
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
    }
  };
  const iterations = new Map<string, number>();

  return {
    setUp: people.setUp,
    launched: (launch) => {
      emit('launch', { name: launch.name, runs: launch.plans.map(({ run }) => run) });
    },
    notice: people.say,
    snapshot: (snapshot) => {
      people.snapshot(snapshot);
      emit('progress', snapshot);
      for (const one of snapshot.runs) {
        const { run, iterationsDone, rowsAccepted, accuracy, macroAccuracy, secondsLeft, secondsLeftMax } = one;
        const known = iterations.get(run);
        if (iterationsDone > (known ?? 0)) {
          const left = { secondsLeft, secondsLeftMax };
          emit('iteration', { run, iteration: iterationsDone, rowsAccepted, accuracy, macroAccuracy, ...left });
          // What had finished before this command looked is no news to a person.
          if (known !== undefined) {
            people.say(renderIteration(one));
          }
        }
        iterations.set(run, Math.max(iterationsDone, known ?? 0));
      }
    },
    stopping: () =>
      people.say('stopping: saving checkpoints and waiting for answers in flight; Ctrl-C again stops at once'),
    interrupted: (launch) => {
      people.close();
      people.say(
        `${launch.name} is interrupted; everything so far is saved\nnext: run the same command again to resume`,
      );
      emit('interrupted', { name: launch.name });
    },
    paused: (launch, { runs, waitingFor: ofExperiment }) => {
      people.close();
      const reasons = new Set(
        [ofExperiment, ...runs.map(({ waitingFor }) => waitingFor)].filter((reason) => reason !== null),
      );
      people.say(
        `${launch.name} is paused: ${[...reasons].join('; ')}\nnext: resolve that, then run the same command again`,
      );
      emit('paused', { name: launch.name, reasons: [...reasons] });
    },
    complete: async (workspace, launch, { wasComplete }) => {
      people.close();
      // Figures take a quarter of a second to load; the start should not wait for that.
      const { writeReport } = await import('../analysis/write-report.js');
      const { results, reportPath } = await writeReport({ workspace: workspace.root, name: launch.name });
      if (wasComplete) {
        people.say(`${launch.name} is already complete; there is nothing to do`);
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
  /** Ends the live view; a last sentence may follow. */
  close(): void;
}

/** A live view that redraws itself. */
function terminal(footer?: string): PeopleOutput {
  const view = liveTerminal;
  return {
    setUp: (message) => view(`setting up: ${message}`),
    snapshot: (snapshot) => {
      const { columns, rows } = process.stderr;
      view(renderLive(snapshot, columns || 80, rows || 24, footer).join('\n'));
    },
    say: (text) => {
      view.done();
      process.stderr.write(`${text}\n`);
    },
    close: () => view.done(),
  };
}

/** Lines for a log: one every few seconds, however long a snapshot takes, and one for each stage of the set-up. */
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
  // While the server does not answer, each snapshot waits.
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
