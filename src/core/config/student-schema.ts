import { z } from 'zod';
import { fraction, positiveInt, topP } from './fields';

/** The student's section of a configuration. Keys without a default here have the engine's, which depends on the device. */

const finetuneSchema = z.strictObject({
  method: z
    .enum(['full', 'lora'])
    .default('lora')
    .describe('full: train all weights; lora: train an adapter on all linear layers'),
  rank: positiveInt.max(65_536).default(32).describe('LoRA rank'),
  alpha: z.number().positive().max(1_000_000).default(64).describe('LoRA alpha'),
  learning_rate: z
    .number()
    .positive()
    .max(10)
    .default(2e-4)
    .describe('peak learning rate; 2e-4 suits lora, full needs about 2e-5'),
  epochs: positiveInt.max(10_000).default(3).describe('passes over all rows so far'),
  batch_size: positiveInt.default(16).describe('rows per optimizer step'),
  warmup: fraction.default(0.03).describe('share of the steps that warm the learning rate up'),
  final_rate: fraction
    .default(0.1)
    .describe('learning rate at the end of the cosine schedule, as a share of learning_rate'),
  beta2: z.number().min(0.5).lt(1).default(0.999).describe("AdamW's beta2"),
  weight_decay: z.number().nonnegative().max(100).default(0).describe('weight decay, on matrices only'),
  clip: z.number().positive().max(1e9).default(1).describe('gradient norm to clip at'),
  from: z
    .enum(['base', 'previous'])
    .default('base')
    .describe('weights that each iteration starts from: those of the base student, or of the previous iteration'),
  include_base_rows: z
    .boolean()
    .default(false)
    .describe('also train on the rows of the warm-up, in addition to the synthetic rows'),
  target_modules: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('names of the layers that LoRA adapts; default: all linear layers of the text model'),
  dropout: fraction.lt(1).optional().describe('LoRA dropout; default: 0'),
  use_dora: z.boolean().optional().describe('true: DoRA, which adapts the size of the weights too; default: false'),
  micro_batch_tokens: positiveInt
    .optional()
    .describe('tokens that are on the device at once, padding included; halved where memory is short. Default: 16384'),
  gradient_checkpointing: z
    .boolean()
    .optional()
    .describe('make activations again instead of keeping them: slower, less memory. Default: true on a GPU'),
  optimizer: z
    .enum(['adamw', 'adamw-8bit'])
    .optional()
    .describe('adamw-8bit keeps its moments in 8 bits and needs the Python package bitsandbytes; default: adamw'),
  checkpoint_seconds: z
    .number()
    .nonnegative()
    .max(604_800)
    .optional()
    .describe('time between checkpoints; default: 60, or more where writing one would take over 5 % of the time'),
});

const predictSchema = z.strictObject({
  batch_tokens: positiveInt
    .optional()
    .describe(
      'tokens of prompts and answers that are on the device at once; default: what a GPU holds, 16384 on a CPU',
    ),
  runtime: z
    .enum(['transformers', 'vllm'])
    .optional()
    .describe(
      'what generates answers. vllm: several times faster on a GPU, in a Python environment of its own; scores and finetunes stay with transformers. Default: transformers',
    ),
  temperature: z
    .number()
    .nonnegative()
    .max(10)
    .optional()
    .describe("of the student's answers to the pool; 0: greedy. Default: 0, or 1 with several answers"),
  top_p: topP,
  answers: positiveInt
    .optional()
    .describe(
      'answers to each seed; the score of a seed is the mean over them. Default: 1. For score: loss, entropy, boundary',
    ),
});

export const studentSchema = z.strictObject({
  base: z
    .string()
    .min(1)
    .default('tiny')
    .describe(
      'a model directory (from the folder of this file), a hub id, or `tiny`: a Llama with 0.1 M parameters, created locally',
    ),
  warm_up: z
    .strictObject({
      rows: positiveInt
        .default(600)
        .describe(
          'number of seeds whose reference answers the base is trained on; by default no more than the pool has',
        ),
      steps: positiveInt.default(250).describe('optimizer steps; everything else is as in finetune'),
    })
    .optional()
    .describe('training that makes the base, before iteration 1; `tiny`, which knows nothing, has it by default'),
  revision: z.string().min(1).optional().describe('branch, tag or commit of a hub id; default: its main branch'),
  trust_remote_code: z
    .boolean()
    .optional()
    .describe('true: run Python code that comes with the model; default: false, and such a model is refused'),
  dtype: z
    .enum(['float32', 'bfloat16', 'float16'])
    .optional()
    .describe(
      'numbers of the weights; default: bfloat16 on a GPU, float32 elsewhere. A full finetune trains in float32',
    ),
  attention: z
    .enum(['sdpa', 'eager', 'flash_attention_2'])
    .optional()
    .describe("implementation of attention; default: the model's own choice, mostly sdpa"),
  quantization: z
    .enum(['8bit', '4bit'])
    .optional()
    .describe(
      'bits of the frozen weights, by bitsandbytes; with method: lora this is QLoRA. Default: none, all bits of dtype',
    ),
  max_length: positiveInt
    .optional()
    .describe("tokens of prompt and answer together; a longer row is rejected. Default: the model's context"),
  system_prompt: z
    .string()
    .min(1)
    .optional()
    .describe('stands before every question, in training as in prediction; none by default'),
  template_options: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .optional()
    .describe('passed to the chat template; default: {enable_thinking: false}'),
  template_date: z.iso
    .date()
    .optional()
    .describe("the day that a chat template reads as today's, so that its prompts never change; default: 2025-01-01"),
  stall_seconds: z
    .number()
    .positive()
    .max(604_800)
    .optional()
    .describe('an engine that does nothing for so long is ended and its job retried; default: 300'),
  predict: predictSchema.optional().describe("how the student's answers are made"),
  finetune: finetuneSchema.prefault({}),
  keep: z
    .enum(['all', 'last', 'best'])
    .optional()
    .describe(
      'students that stay on disk. last: the newest; best: it and the most accurate. The base always stays; a student that is ' +
        'gone cannot be exported, forked from or audited, and is trained again where it is needed. Default: all',
    ),
  max_new_tokens: positiveInt.default(256).describe("maximum length of the student's own answers, in tokens"),
  threads: positiveInt.max(1024).default(1).describe('CPU threads per engine'),
  shard_rows: positiveInt
    .default(20_000)
    .describe(
      'a larger pool is predicted and scored in shards of about this many seeds (at most 32 shards), spread over all engines',
    ),
});
