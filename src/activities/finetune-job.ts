import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { RunConfig } from '../core/config/schema';
import { stableHash } from '../core/random';
import type { StudentJob, StudentResult } from '../student';
import { engineSettings, withoutUnset } from './engine-settings';

/** The engine's finetuning job: its random streams depend on the run's seed and the iteration, so a repeated job is the same job. */
export function finetuneJob(
  config: RunConfig,
  options: { iteration: number; model: ModelRef; rows: readonly ArtifactRef[]; steps?: number },
): StudentJob {
  const { finetune } = config.student;
  return {
    op: 'finetune',
    model: options.model,
    inputs: { rows: options.rows },
    parameters: {
      ...methodParameters(config),
      learningRate: finetune.learning_rate,
      epochs: finetune.epochs,
      ...(options.steps === undefined ? {} : { steps: options.steps }),
      batchSize: finetune.batch_size,
      warmup: finetune.warmup,
      finalRate: finetune.final_rate,
      beta2: finetune.beta2,
      weightDecay: finetune.weight_decay,
      clip: finetune.clip,
      ...withoutUnset({
        microBatchTokens: finetune.micro_batch_tokens,
        gradientCheckpointing: finetune.gradient_checkpointing,
        checkpointSeconds: finetune.checkpoint_seconds,
      }),
      seed: stableHash('finetune', config.seed, options.iteration) % 2 ** 31,
    },
    ...engineSettings(config),
  };
}

/** What is trained: the parameters that a rehearsal of the student shares with its finetunes. */
export function methodParameters({ student: { finetune } }: RunConfig): StudentJob['parameters'] {
  const { method, rank, alpha } = finetune;
  // As without the key: the same weights, so the same job.
  const optimizer = finetune.optimizer === 'adamw' ? undefined : finetune.optimizer;
  return method === 'full'
    ? { method, ...withoutUnset({ optimizer }) }
    : {
        ...{ method, rank, alpha },
        ...withoutUnset({
          optimizer,
          dropout: finetune.dropout,
          targetModules: finetune.target_modules,
          useDora: finetune.use_dora,
        }),
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
