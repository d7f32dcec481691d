import type { RunConfig } from '../core/config/schema';
import { stableHash } from '../core/random';
import type { StudentJob } from '../student';

/**
 * How every job of a run's student reads and runs it. Only what the file sets is passed on: the engine has the defaults,
 * and a job that sets nothing is named as it was before the keys existed.
 */
export function engineSettings({ student }: RunConfig): Pick<StudentJob, 'threads' | 'settings' | 'stallSeconds'> {
  const settings = withoutUnset({
    dtype: student.dtype,
    attention: student.attention,
    quantization: student.quantization,
    maxLength: student.max_length,
    trustRemoteCode: student.trust_remote_code,
    systemPrompt: student.system_prompt,
    templateDate: student.template_date,
    templateOptions: student.template_options,
  });
  return {
    threads: student.threads,
    ...(Object.keys(settings).length === 0 ? {} : { settings }),
    ...(student.stall_seconds === undefined ? {} : { stallSeconds: student.stall_seconds }),
  };
}

/** How greedy answers are made: those to test questions, and to the pool unless the file says otherwise. */
export function predictSettings({ student }: RunConfig): StudentJob['parameters'] {
  const { batch_tokens, runtime } = student.predict ?? {};
  return {
    maxNewTokens: student.max_new_tokens,
    // As without the key: the same answers, so the same job.
    ...withoutUnset({ batchTokens: batch_tokens, runtime: runtime === 'transformers' ? undefined : runtime }),
  };
}

/** How the student answers the pool. Sampled answers differ between iterations, whose students may be the same. */
export function poolPredictSettings(config: RunConfig, iteration: number): StudentJob['parameters'] {
  const { temperature, top_p, answers } = config.student.predict ?? {};
  return {
    ...predictSettings(config),
    ...sampling({ temperature, topP: top_p, answers }, ['predict', config.seed, iteration]),
  };
}

/** How test questions are answered several times; `null` where the file does not ask for that. */
export function sampledEvaluationSettings(config: RunConfig, iteration: number): StudentJob['parameters'] | null {
  const { evaluate } = config;
  if (evaluate === undefined) {
    return null;
  }
  const { answers, temperature, top_p } = evaluate;
  return {
    ...predictSettings(config),
    ...sampling({ temperature, topP: top_p, answers }, ['evaluate', config.seed, iteration]),
  };
}

/** Nothing where answers are greedy; else their seed too, from a stream of its own. */
function sampling(
  { temperature, topP, answers }: Readonly<Record<'temperature' | 'topP' | 'answers', number | undefined>>,
  stream: readonly [string, ...(string | number)[]],
): StudentJob['parameters'] {
  const isSampled = (temperature ?? 0) > 0 || (temperature === undefined && (answers ?? 1) > 1);
  return isSampled ? { ...withoutUnset({ temperature, topP, answers }), seed: stableHash(...stream) % 2 ** 31 } : {};
}

export function withoutUnset(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
