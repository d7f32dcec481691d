/** A matrix of strategies that learns enough to tell them apart: some eight seconds of one core a run. */
export const learningConfig = `
name: learning
task: {kind: operator-chains, pool_size: 3000, test_size: 600}
teacher: {provider: offline}
student:
  base: tiny
  warm_up: {rows: 600, steps: 250}
  max_new_tokens: 4
  finetune:
    {method: full, include_base_rows: true, epochs: 8, batch_size: 64, learning_rate: 3e-3, warmup: 0.05, beta2: 0.98, weight_decay: 0.01}
iterations: 3
samples_per_iteration: 300
matrix:
  strategy: [random, loss, badge, loss-low]
  seed: [1, 2]
parallel_runs: 2
`;
