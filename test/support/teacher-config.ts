import { markerKey } from './buying';

/** Where the double's key is looked up. */
export const teacherEnvironment = { TEST_KEY: markerKey };

/** A whole run in some ten seconds that buys from the double: every step is the real one, only smaller. */
export const teacherConfig = (
  baseUrl: string,
  { budget = '{}', rows = 100, iterations = 2, teacher = 'max_parallel_requests: 16' }: TeacherConfigOptions = {},
) => `
name: bought
task: {kind: operator-chains, pool_size: 300, test_size: 24, step_weights: [0, 0, 1]}
teacher:
  provider: openai
  model: double
  base_url: ${baseUrl}
  api_key_env: TEST_KEY
  max_tokens: 128
  price: {input: 0.15, output: 0.6}
  ${teacher}
student:
  base: tiny
  warm_up: {rows: 40, steps: 5}
  max_new_tokens: 4
  finetune: {method: full, epochs: 1, batch_size: 64, learning_rate: 3e-3}
strategy: random
iterations: ${iterations}
samples_per_iteration: ${rows}
budget: ${budget}
seed: 1
`;

interface TeacherConfigOptions {
  readonly budget?: string;
  readonly rows?: number;
  readonly iterations?: number;
  /** One more line of the teacher's section. */
  readonly teacher?: string;
}
