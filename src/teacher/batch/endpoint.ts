import type OpenAI from 'openai';
import { toFile } from 'openai';
import { TutelageError } from '../../core/errors';
import { classifyError, type ErrorContext } from '../error-classes';
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

export interface BatchState {
  readonly isEnded: boolean;
  /** Why the endpoint did not take the job at all; `null` where it did. */
  readonly refusal: string | null;
}

/** The endpoint's files and batches. Every failure is one of the project's errors. */
export interface BatchEndpoint {
  /** The job that carries this key, made by an earlier attempt whose record was lost; `null` where there is none. */
  find(key: string): Promise<string | null>;
  create(key: string, lines: readonly BatchLine[]): Promise<string>;
  stateOf(job: string): Promise<BatchState>;
  /** By custom id, of the output file and of the error file. */
  replies(job: string): Promise<Map<string, BatchReply>>;
  /** Ends a job that is still at work; what it has done until then is kept and paid. */
  cancel(job: string): Promise<void>;
}

const keyName = 'tutelage_key';
const endedStates = new Set(['completed', 'failed', 'expired', 'cancelled']);

/** Jobs that are looked through for a lost one, newest first. */
const jobsSearchedMax = 1000;

export function batchEndpoint(client: OpenAI, options: Omit<ErrorContext, 'nowMs'>): BatchEndpoint {
  const { discreet } = options;
  const told = async <T>(ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask();
    } catch (error) {
      throw asTutelageError(error, options);
    }
  };

  async function linesOf(file: string | null | undefined): Promise<ReplyLine[]> {
    if (file == null) {
      return [];
    }
    const text = await (await client.files.content(file)).text();
    return text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line) as ReplyLine);
  }

  return {
    find: (key) =>
      told(async () => {
        let searched = 0;
        for await (const { id, metadata } of client.batches.list({ limit: 100 })) {
          if (metadata?.[keyName] === key) {
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
      told(async () => {
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
      told(async () => {
        const { status, errors } = await client.batches.retrieve(job);
        const reason = errors?.data?.map(({ message }) => message).join('; ') ?? 'no reason was given';
        return { isEnded: endedStates.has(status), refusal: status === 'failed' ? discreet(reason) : null };
      }),
    replies: (job) =>
      told(async () => {
        const { output_file_id, error_file_id } = await client.batches.retrieve(job);
        const lines = [...(await linesOf(error_file_id)), ...(await linesOf(output_file_id))];
        return new Map(lines.flatMap((line) => replyOf(line, discreet)));
      }),
    cancel: (job) =>
      told(async () => {
        if (!endedStates.has((await client.batches.retrieve(job)).status)) {
          await client.batches.cancel(job);
        }
      }),
  };
}

interface ReplyLine {
  readonly custom_id: string;
  readonly response?: { readonly status_code?: number; readonly body?: unknown } | null;
  readonly error?: { readonly code?: string; readonly message?: string } | null;
}

/** A line without a response (expired, cancelled) was not done and cost nothing, like one that is not there. */
function replyOf(
  { custom_id, response, error }: ReplyLine,
  discreet: ErrorContext['discreet'],
): [string, BatchReply][] {
  if (response?.status_code === undefined) {
    return [];
  }
  const inBody = (response.body as { error?: { message?: string } } | null)?.error?.message;
  const reason = `${response.status_code}: ${discreet(inBody ?? error?.message ?? 'no reason was given')}`;
  return [[custom_id, { status: response.status_code, body: response.body ?? null, reason }]];
}

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
  return new TutelageError('transient', message, 'it is tried again');
}
