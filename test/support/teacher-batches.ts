import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { stableHash } from '../../src/core/random';

/** How the double's batches API behaves. */
export interface BatchBehaviour {
  /** From the making of a job to its end. */
  readonly delayMs?: number;
  /** Share of the requests that a job leaves undone, as when it expires; met once by each. */
  readonly expiredShare?: number;
  /** Share of the requests that come back as refused with 500; met once by each. */
  readonly failedShare?: number;
  /** Jobs are refused whole, with this message. */
  readonly refusal?: string;
  /** Jobs of more requests than this are refused because too much is enqueued. */
  readonly enqueuedMax?: number;
  /** What happens to the files of a job: its lines of output and errors, as they are; `null` for no file. */
  readonly spoil?: (files: { output: string[]; errors: string[] }) => {
    output: string[] | null;
    errors: string[] | null;
  };
  /** These custom ids are refused with 400, every time. */
  readonly isRefused?: (body: unknown) => boolean;
}

interface Job {
  readonly id: string;
  readonly input_file_id: string;
  readonly metadata: Record<string, string>;
  readonly createdMs: number;
  status: string;
  output_file_id?: string;
  error_file_id?: string;
  errors?: object;
}

interface Line {
  readonly custom_id: string;
  readonly body: never;
}

/** Files and batches in memory. `complete` answers one request, and logs it as done. */
export class BatchesDouble {
  readonly jobs: Job[] = [];
  private readonly files = new Map<string, string>();
  private readonly met = new Map<string, number>();

  constructor(
    public behaviour: BatchBehaviour,
    private readonly complete: (body: never) => object,
    private readonly nameOf: (body: never) => string,
  ) {}

  /** How many requests a job has, by its number from 0. */
  requestsOf(job: number): number {
    return (this.files.get(this.jobs[job]?.input_file_id ?? '') ?? '').split('\n').length;
  }

  /** What was met once is met anew. */
  forget(): void {
    this.met.clear();
  }

  /** @returns `false` where the path is none of these */
  async handle(incoming: IncomingMessage, response: ServerResponse, body: string): Promise<boolean> {
    const { method = 'GET', url = '' } = incoming;
    const path = new URL(url, 'http://double').pathname.replace(/^\/v1/, '');
    const json = (value: unknown) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
      return true;
    };
    const [, kind, id, verb] = path.split('/');
    if (kind === 'files' && method === 'POST') {
      return json(this.upload(body));
    }
    if (kind === 'files' && verb === 'content') {
      response.writeHead(200).end(this.files.get(id ?? '') ?? '');
      return true;
    }
    if (kind !== 'batches') {
      return false;
    }
    if (method === 'POST' && id === undefined) {
      return json(this.create(JSON.parse(body) as { input_file_id: string; metadata: Record<string, string> }));
    }
    for (const job of this.jobs) {
      this.advance(job);
    }
    if (id === undefined) {
      return json({ object: 'list', data: [...this.jobs].reverse(), has_more: false });
    }
    const job = this.jobs.find((one) => one.id === id) as Job;
    if (verb === 'cancel') {
      this.finish(job, 'cancelled', () => false);
    }
    return json(job);
  }

  /** The one part of the form that is a file. */
  private upload(body: string): object {
    const id = `file-${randomUUID()}`;
    const lines = body.split(/\r?\n/).filter((line) => line.startsWith('{"custom_id"'));
    this.files.set(id, lines.join('\n'));
    return { id, object: 'file', purpose: 'batch' };
  }

  private create({ input_file_id, metadata }: { input_file_id: string; metadata: Record<string, string> }): Job {
    const { refusal, enqueuedMax = Number.POSITIVE_INFINITY } = this.behaviour;
    const requests = (this.files.get(input_file_id) ?? '').split('\n').length;
    const full = { data: [{ code: 'token_limit_exceeded', message: 'Enqueued token limit reached for gpt-4o.' }] };
    const job: Job = {
      ...{ id: `batch-${randomUUID()}`, object: 'batch', input_file_id, metadata, createdMs: Date.now() },
      ...(requests > enqueuedMax
        ? { status: 'failed', errors: full }
        : refusal === undefined
          ? { status: 'in_progress' }
          : { status: 'failed', errors: { data: [{ code: 'model_not_found', message: refusal }] } }),
    };
    this.jobs.push(job);
    return job;
  }

  private advance(job: Job): void {
    const { delayMs = 0, expiredShare = 0 } = this.behaviour;
    if (job.status === 'in_progress' && Date.now() - job.createdMs >= delayMs) {
      this.finish(job, expiredShare > 0 ? 'expired' : 'completed', () => true);
    }
  }

  private finish(job: Job, status: string, isDone: () => boolean): void {
    if (job.status !== 'in_progress') {
      return;
    }
    const { expiredShare = 0, failedShare = 0 } = this.behaviour;
    const done: string[] = [];
    const failed: string[] = [];
    for (const text of (this.files.get(job.input_file_id) ?? '').split('\n').filter((line) => line !== '')) {
      const { custom_id, body } = JSON.parse(text) as Line;
      const name = this.nameOf(body);
      const chance = (stableHash('batch', name) % 1000) / 1000;
      const before = this.met.get(name) ?? 0;
      this.met.set(name, before + 1);
      if (this.behaviour.isRefused?.(body)) {
        const response = { status_code: 400, body: { error: { message: 'refused for the test' } } };
        failed.push(JSON.stringify({ custom_id, response, error: null }));
      } else if (!isDone() || (before === 0 && chance < expiredShare)) {
        failed.push(
          JSON.stringify({ custom_id, response: null, error: { code: 'batch_expired', message: 'too late' } }),
        );
      } else if (before === 0 && chance < expiredShare + failedShare) {
        const response = { status_code: 500, body: { error: { message: 'failed for the test' } } };
        failed.push(JSON.stringify({ custom_id, response, error: null }));
      } else {
        const response = { status_code: 200, body: this.complete(body) };
        // The order of the output is not that of the input.
        done.unshift(JSON.stringify({ custom_id, response, error: null }));
      }
    }
    job.status = status;
    const files = this.behaviour.spoil?.({ output: done, errors: failed }) ?? { output: done, errors: failed };
    Object.assign(job, { output_file_id: this.put(files.output), error_file_id: this.put(files.errors) });
  }

  private put(lines: readonly string[] | null): string | undefined {
    if (lines === null) {
      return undefined;
    }
    const id = `file-${randomUUID()}`;
    this.files.set(id, lines.join('\n'));
    return id;
  }
}
