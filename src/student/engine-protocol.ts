import { z } from 'zod';

/** One job as the engine is given it: absolute paths in, paths relative to `dir` out. */
export interface EngineRequest {
  readonly id: string;
  readonly op: string;
  readonly dir: string;
  readonly spec: {
    readonly op: string;
    readonly model: {
      readonly base: string;
      readonly adapter: string | null;
      readonly key: string;
      readonly settings?: Readonly<Record<string, unknown>>;
    } | null;
    readonly inputs: Readonly<Record<string, readonly string[]>>;
    readonly parameters: Readonly<Record<string, unknown>>;
    readonly threads: number;
  };
}

const id = z.string().nullable();

/** The lines that the engine writes. */
export const engineEvent = z.discriminatedUnion('event', [
  z.object({ event: z.literal('ready') }),
  z.object({
    event: z.literal('progress'),
    id,
    done: z.number(),
    total: z.number(),
    unit: z.string(),
    note: z.string().optional(),
  }),
  z.object({ event: z.literal('checkpoint'), id, step: z.number() }),
  z.object({ event: z.literal('warn'), id, message: z.string() }),
  z.object({
    event: z.literal('result'),
    id,
    metrics: z.record(z.string(), z.unknown()),
    outputs: z.record(z.string(), z.string()),
  }),
  z.object({
    event: z.literal('error'),
    id,
    code: z.enum(['input', 'cancelled', 'out-of-memory', 'bug']),
    message: z.string(),
    hint: z.string().optional(),
  }),
]);

export type EngineEvent = z.infer<typeof engineEvent>;
export type EngineResult = Extract<EngineEvent, { event: 'result' }>;
export type EngineFailureEvent = Extract<EngineEvent, { event: 'error' }>;
