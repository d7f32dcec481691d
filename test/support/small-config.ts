/** A whole run in some ten seconds: every step is the real one, only smaller. */
export const smallConfig = `
name: small
task: {kind: operator-chains, pool_size: 300, test_size: 60}
teacher: {provider: offline}
student:
  base: tiny
  warm_up: {rows: 100, steps: 20}
  max_new_tokens: 8
  finetune: {method: full, include_base_rows: true, epochs: 4, batch_size: 32, learning_rate: 3e-3, beta2: 0.98}
strategy: loss
iterations: 2
samples_per_iteration: 60
seed: 1
`;
