import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fetch } from 'undici';
import { count, decimal } from '../analysis/phrases';
import { messageOf, TutelageError } from '../core/errors';
import { secretsOf } from '../core/secrets';
import type { Workspace } from '../store/workspace';
import { openDispatcher } from '../teacher/dispatcher';
import type { RunSnapshot, Snapshot } from './snapshot';

/** Tells people elsewhere what became of runs. It is never in the way of a run: nothing here throws once it was opened. */
export interface Notifier {
  /** Tells of each run that ended, failed, paused or began to wait since the last look. */
  see(snapshot: Snapshot): void;
  failed(run: string, reason: string): void;
  /** Waits a moment for what is under way. */
  close(): Promise<void>;
}

export interface NotifyOptions {
  readonly workspace: Workspace;
  /** The run or the experiment: its folder records what was sent. */
  readonly name: string;
  /** The variable that holds the address. */
  readonly urlEnv: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** Pauses before the second, third, ... attempt. */
  readonly pausesMs?: readonly number[];
  /** How long the receiver may take for one post. */
  readonly postMsMax?: number;
  /** How long the end of the command waits for posts that are being repeated. */
  readonly closeMsMax?: number;
}

const told = new Set<RunSnapshot['state']>(['complete', 'stopped', 'failed', 'paused', 'waiting']);

/** @throws TutelageError `missing` where the variable holds no address */
export function openNotifier(options: NotifyOptions): Notifier {
  const { environment = process.env, urlEnv, pausesMs = [1000, 5000, 20_000] } = options;
  const { postMsMax = 10_000, closeMsMax = 10_000 } = options;
  const url = environment[urlEnv] ?? '';
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) {
    throw new TutelageError(
      'missing',
      `notify.url_env: the environment variable ${urlEnv} ${url === '' ? 'is not set' : 'holds no http(s) address'}`,
      `export ${urlEnv}=https://... (the webhook's address), or leave notify out`,
    );
  }
  const secrets = secretsOf(environment, [urlEnv]);
  const states = new Map<string, RunSnapshot['state']>();
  const underWay = new Set<Promise<void>>();
  const ending = new AbortController();

  async function post(body: NotificationBody): Promise<void> {
    const dispatcher = openDispatcher(url, environment);
    let outcome = '';
    let attempts = 0;
    for (const pauseMs of [0, ...pausesMs]) {
      await delay(pauseMs, undefined, { signal: ending.signal }).catch(() => {});
      attempts += 1;
      outcome = await postOnce(url, body, { dispatcher, postMsMax }).catch((error: unknown) => messageOf(error));
      if (outcome === 'sent' || ending.signal.aborted) {
        break;
      }
    }
    await dispatcher.close();
    await record(options, { ...body, attempts, outcome: secrets.redact(outcome) });
  }

  function send(body: NotificationBody): void {
    const posting = post(body)
      .catch(() => {})
      .finally(() => underWay.delete(posting));
    underWay.add(posting);
  }

  return {
    see: ({ runs, teacher }) => {
      for (const run of runs) {
        const before = states.get(run.run);
        states.set(run.run, run.state);
        // What had ended before this command looked is no news.
        if (before !== undefined && before !== run.state && told.has(run.state)) {
          send(bodyOf(run, teacher.usd));
        }
      }
    },
    failed: (run, reason) => {
      if (states.get(run) !== 'failed') {
        send({ event: 'failed', run, text: `${run} failed: ${reason}`, reason });
      }
    },
    close: async () => {
      const all = Promise.all(underWay).then(() => {});
      await Promise.race([all, delay(closeMsMax, undefined, { ref: false })]);
      ending.abort();
      await Promise.race([all, delay(postMsMax, undefined, { ref: false })]);
    },
  };
}

/** What is posted. Slack, Teams and others show `text`. */
interface NotificationBody {
  readonly text: string;
  readonly event: RunSnapshot['state'];
  readonly run: string;
  readonly reason: string | null;
  readonly rowsAccepted?: number;
  readonly rowsPlanned?: number;
  readonly accuracy?: number | null;
  readonly usd?: number;
}

function bodyOf(run: RunSnapshot, usd: number): NotificationBody {
  const { state, rowsAccepted, rowsPlanned, accuracy } = run;
  const reason = run.failure?.reason ?? run.waitingFor;
  const facts = [
    `${count(rowsAccepted)} of ${count(rowsPlanned)} rows`,
    ...(accuracy === null ? [] : [`accuracy ${decimal(accuracy)}`]),
    ...(usd > 0 ? [`$${usd.toFixed(2)} in all`] : []),
  ];
  const text = `${run.run} is ${state}${reason === null ? '' : ` (${reason})`}: ${facts.join(', ')}`;
  return { text, event: state, run: run.run, reason, rowsAccepted, rowsPlanned, accuracy, usd };
}

async function postOnce(
  url: string,
  body: NotificationBody,
  { dispatcher, postMsMax }: { readonly dispatcher: ReturnType<typeof openDispatcher>; readonly postMsMax: number },
): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(postMsMax),
    dispatcher,
  });
  await response.body?.cancel();
  return response.ok ? 'sent' : `HTTP ${response.status}`;
}

/** One line in `notifications.jsonl`, without the address, which is a secret. */
async function record({ workspace, name }: NotifyOptions, line: object): Promise<void> {
  const directory = workspace.runDirectory(name);
  await mkdir(directory, { recursive: true });
  const text = `${JSON.stringify({ at: new Date().toISOString(), ...line })}\n`;
  await appendFile(join(directory, 'notifications.jsonl'), text, { mode: 0o600 });
}
