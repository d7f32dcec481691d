import type OpenAI from 'openai';
import { toFile } from 'openai';
import { TutelageError } from '../../core/errors';
import { shorten, wordsOf } from '../endpoint-words';
import { classifyError } from '../error-classes';
import { EndpointRefusal, type ErrorContext } from '../failure';
import type { ChatRequest } from '../request';

/** One request of a job, by the name under which its reply comes back. */
export interface BatchLine {
  readonly customId: string;
  readonly request: ChatRequest;
}

/** What became of one request: the body of a reply, or the status of a refusal; nothing for what was not done. */
export interface BatchReply {
  readonly status: number;
  readonly body: unknown;
  readonly reason: string;
}

/** What a job's files say. */
export interface BatchReplies {
  /** By custom id. */
  readonly lines: ReadonlyMap<string, BatchReply>;
  /** Every call that the job did has its line: one without was not done. */
  readonly areAllThere: boolean;
}

export interface BatchState {
  readonly isEnded: boolean;
  /** It was refused because too many tokens are enqueued already, which passes. */
  readonly isFull: boolean;
  /** Why the endpoint did not take the job at all; `null` where it did. */
  readonly refusal: string | null;
}

/** The endpoint's files and batches. Every failure is one of the project's errors. */
export interface BatchEndpoint {
  /** The job that carries this key, made by an earlier attempt whose record was lost; `null` where there is none. */
  find(key: string): Promise<string | null>;
  create(key: string, lines: readonly BatchLine[]): Promise<string>;
  stateOf(job: string): Promise<BatchState>;
  /** Of the output file and of the error file. */
  replies(job: string): Promise<BatchReplies>;
  /** Ends a job that is still running; what it has done by then is kept and paid for. */
  cancel(job: string): Promise<void>;
}

const keyName = 'tutelage_key';
const endedStates = new Set(['completed', 'failed', 'expired', 'cancelled']);

/** How many jobs, newest first, are searched for a lost one. */
const jobsSearchedMax = 1000;

export function batchEndpoint(client: OpenAI, options: Omit<ErrorContext, 'nowMs'>): BatchEndpoint {
  const { redact } = options;
  const classified = async <T>(ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask();
    } catch (error) {
      throw asTutelageError(error, options);
    }
  };

  /** `null` where the file is gone. */
  async function textOf(file: string): Promise<string | null> {
    try {
      return await (await client.files.content(file)).text();
    } catch (error) {
      if (isGone(error)) {
        return null;
      }
      throw error;
    }
  }

  /** One line that cannot be read says nothing about the others. */
  async function readFile(file: string | null | undefined): Promise<{ lines: ReplyLine[]; isWhole: boolean }> {
    const text = file == null ? '' : await textOf(file);
    const read = (text ?? '')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map(parseLine);
    const lines = read.filter((line) => line !== null);
    return { lines, isWhole: text !== null && lines.length === read.length };
  }

  return {
    find: (key) =>
      classified(async () => {
        let searched = 0;
        for await (const { id, metadata, status } of client.batches.list({ limit: 100 })) {
          // A job that was not taken is made again.
          if (metadata?.[keyName] === key && status !== 'failed') {
            return id;
          }
          searched += 1;
          if (searched >= jobsSearchedMax) {
            break;
          }
        }
        return null;
      }),
    create: (key, lines) =>
      classified(async () => {
        const text = lines.map(({ customId, request }) =>
          JSON.stringify({ custom_id: customId, method: 'POST', url: '/v1/chat/completions', body: request }),
        );
        const file = await client.files.create({
          file: await toFile(Buffer.from(`${text.join('\n')}\n`), `${key}.jsonl`),
          purpose: 'batch',
        });
        const { id } = await client.batches.create({
          input_file_id: file.id,
          endpoint: '/v1/chat/completions',
          completion_window: '24h',
          metadata: { [keyName]: key },
        });
        return id;
      }),
    stateOf: (job) =>
      classified(async () => {
        const { status, errors } = await client.batches.retrieve(job);
        const reason = errors?.data?.map(({ message }) => message).join('; ') ?? 'no reason was given';
        const isFull = status === 'failed' && (errors?.data?.some(isAboutQueue) ?? false);
        const refusal = status === 'failed' && !isFull ? redact(reason) : null;
        return { isEnded: endedStates.has(status), isFull, refusal };
      }),
    replies: (job) =>
      classified(async () => {
        const { status, output_file_id, error_file_id } = await client.batches.retrieve(job);
        const output = await readFile(output_file_id);
        const errors = await readFile(error_file_id);
        const lines = new Map<string, BatchReply>();
        for (const [id, reply] of [...output.lines, ...errors.lines].flatMap((line) => replyOf(line, redact))) {
          // A paid answer is never given up for an error line of the same request.
          if (lines.get(id)?.status !== 200) {
            lines.set(id, reply);
          }
        }
        const isCutShort = status === 'expired' || status === 'cancelled' || status === 'failed';
        return { lines, areAllThere: output.isWhole && errors.isWhole && isCutShort };
      }),
    cancel: (job) =>
      classified(async () => {
        if (!endedStates.has((await client.batches.retrieve(job)).status)) {
          await client.batches.cancel(job);
        }
      }),
  };
}

interface ReplyLine {
  readonly custom_id?: unknown;
  readonly response?: { readonly status_code?: number; readonly body?: unknown } | null;
  readonly error?: { readonly code?: string; readonly message?: string } | null;
}

/** Requests that a job had no time for; they were not done and cost nothing. */
const undoneCodes = new Set(['batch_expired', 'batch_cancelled', 'batch_canceled']);

/** Undone requests have status 503: the next job may do them. */
function replyOf(line: ReplyLine, redact: ErrorContext['redact']): [string, BatchReply][] {
  const { custom_id, response, error } = line;
  if (typeof custom_id !== 'string') {
    return [];
  }
  if (typeof response?.status_code !== 'number') {
    const status = undoneCodes.has(error?.code ?? '') ? 503 : 400;
    const reason = shorten(redact(wordsOf(JSON.stringify({ error })).message));
    return [[custom_id, { status, body: null, reason: reason === '' ? 'no reason was given' : reason }]];
  }
  const said = wordsOf(JSON.stringify(response.body ?? null)).message || wordsOf(JSON.stringify({ error })).message;
  const reason = `${response.status_code}: ${shorten(redact(said)) || 'no reason was given'}`;
  return [[custom_id, { status: response.status_code, body: response.body ?? null, reason }]];
}

function parseLine(text: string): ReplyLine | null {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === 'object' && line !== null ? (line as ReplyLine) : null;
  } catch {
    return null;
  }
}

const isAboutQueue = ({ code, message }: { readonly code?: string; readonly message?: string }): boolean =>
  code === 'token_limit_exceeded' || /enqueued token limit/i.test(message ?? '');

const isGone = (error: unknown): boolean => {
  const refusal = (error as { cause?: unknown }).cause;
  return refusal instanceof EndpointRefusal && (refusal.status === 404 || refusal.status === 410);
};

function asTutelageError(error: unknown, context: Omit<ErrorContext, 'nowMs'>): unknown {
  const failure = classifyError(error, { ...context, nowMs: Date.now() });
  const message = `${context.endpoint}, batches: ${failure.reason}`;
  if (failure.does === 'pause') {
    return new TutelageError('teacher-refused', message, failure.hint);
  }
  if (failure.does === 'fail-row') {
    return new TutelageError(
      'teacher-refused',
      message,
      'check that the endpoint has a batches API, or set teacher.mode: live',
    );
  }
  return new TutelageError('transient', message, 'it is retried');
}
