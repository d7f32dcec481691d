import { z } from 'zod';
import type { ArtifactKind } from './artifact-ref';
import { runConfigSchema } from './config/schema';
import type { RunRecord } from './run-record';

/** `run.json` as it is read back. Keys that a newer version added are ignored. */

const count = z.int().nonnegative();

const artifactRef = z.object({
  kind: z.custom<ArtifactKind>((kind) => typeof kind === 'string', 'expected the kind of an artifact'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits'),
  bytes: count,
  rows: count.exactOptional(),
  parts: count.exactOptional(),
});

const modelRef = z.object({ base: artifactRef, adapter: artifactRef.exactOptional() });

const spend = z.object({
  samples: count,
  inputTokens: count,
  outputTokens: count,
  usd: z.number().nonnegative(),
  unknownCalls: count,
  unknownTokens: count,
  unknownUsd: z.number().nonnegative(),
  billing: z
    .object({
      aboveWorstCalls: count,
      aboveWorstTokens: count,
      aboveWorstUsd: z.number().nonnegative(),
      absurdCalls: count,
      estimatedCalls: count,
    })
    .exactOptional(),
});

const tally = z.object({
  correct: count,
  wellFormed: count,
  answered: count,
  total: count,
  truncated: count.exactOptional(),
  unreadable: count.exactOptional(),
  unmeasured: count.exactOptional(),
  scoreSum: z.number().nonnegative().exactOptional(),
  scoreInterval: z.object({ low: z.number(), high: z.number() }).exactOptional(),
  proof: count.exactOptional(),
});

const measuredShare = z.object({ share: z.number(), low: z.number(), high: z.number() });

const evaluationSummary = z.object({
  sampled: z
    .object({
      table: artifactRef,
      answers: count,
      questions: count,
      mean: measuredShare,
      passAt: z.record(z.string(), measuredShare),
      majority: measuredShare,
    })
    .exactOptional(),
  answers: artifactRef,
  overall: tally,
  strata: z.record(z.string(), tally),
});

const funnel = z.object({
  asked: count,
  answered: count,
  parsed: count,
  new: count,
  clean: count,
  verified: count,
  accepted: count,
});

const iterationRecord = z.object({
  iteration: count,
  predictions: artifactRef.nullable(),
  scores: artifactRef.nullable(),
  selection: artifactRef,
  selectedBy: z.object({
    student: modelRef,
    stream: z.array(z.union([z.string(), z.number()])),
    skip: count,
    count,
  }),
  rows: artifactRef,
  rejected: artifactRef,
  asked: count,
  accepted: count,
  overBudget: count,
  funnel: funnel.exactOptional(),
  reasons: z.record(z.string(), count).exactOptional(),
  student: modelRef,
  droppedRows: count.exactOptional(),
  acceptedRejections: z.record(z.string(), z.number()).exactOptional(),
  evaluation: evaluationSummary,
  diagnosis: artifactRef.exactOptional(),
  spend,
});

export const runRecordSchema: z.ZodType<RunRecord> = z.object({
  run: z.string(),
  experiment: z.string().nullable(),
  config: runConfigSchema,
  state: z.enum(['running', 'complete', 'stopped']),
  endedBecause: z.string().nullable(),
  prepared: z.object({
    pool: artifactRef,
    tests: z.record(z.string(), artifactRef),
    base: modelRef,
    baseRevision: z.string().exactOptional(),
    baseRows: artifactRef.nullable(),
  }),
  baseEvaluation: evaluationSummary,
  iterations: z.array(iterationRecord),
  diagnoses: z.object({ first: artifactRef, final: artifactRef }).exactOptional(),
});
