import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { RunConfig } from '../core/config/schema';
import { stableHash } from '../core/random';
import type { StudentJob, StudentResult } from '../student';

/** The engine's finetuning job: its random streams hang on the run's seed and the iteration, so a repeated job is the same job. */
export function finetuneJob(
  config: RunConfig,
  options: { iteration: number; model: ModelRef; rows: readonly ArtifactRef[]; steps?: number },
): StudentJob {
  const { finetune, threads } = config.student;
  return {
    op: 'finetune',
    model: options.model,
    inputs: { rows: options.rows },
    parameters: {
      method: finetune.method,
      ...(finetune.method === 'lora' ? { rank: finetune.rank, alpha: finetune.alpha } : {}),
      learningRate: finetune.learning_rate,
      epochs: finetune.epochs,
      ...(options.steps === undefined ? {} : { steps: options.steps }),
      batchSize: finetune.batch_size,
      warmup: finetune.warmup,
      finalRate: finetune.final_rate,
      beta2: finetune.beta2,
      weightDecay: finetune.weight_decay,
      clip: finetune.clip,
      seed: stableHash('finetune', config.seed, options.iteration) % 2 ** 31,
    },
    threads,
  };
}

/** The student that a finetuning job made: whole weights, or an adapter on the model it started from. */
export function finetunedModel(startedFrom: ModelRef, result: StudentResult): ModelRef {
  const { model, adapter } = result.outputs;
  if (model !== undefined) {
    return { base: model };
  }
  if (adapter !== undefined) {
    return { base: startedFrom.base, adapter };
  }
  throw new Error(`the finetuning job gave no model: ${Object.keys(result.outputs).join(', ')}`);
}
