import { parseConfigFile, type RunPlan } from '../core/config';
import { diskEstimate, diskSentence } from './disk-estimate';

function plans(student: string, files: RunPlan['files'] = {}): RunPlan[] {
  const text = `name: demo\ntask: {kind: operator-chains}\niterations: 10\nsamples_per_iteration: 100\nstudent: ${student}\n`;
  const parsed = parseConfigFile({ text, file: 'f', sets: [] });
  if (!parsed.ok) {
    throw new Error(JSON.stringify(parsed.problems));
  }
  return parsed.runs.map((plan) => ({ ...plan, files }));
}

const model = { '/m/model.safetensors': { sha256: 'x', bytes: 14e9, changedMs: 0 } };

describe('the disk that runs will need', () => {
  it('is a model for each iteration where whole weights are trained', () =>
    expect(diskEstimate(plans('{base: /m, finetune: {method: full}}', model))).toBeGreaterThan(10 * 14e9));
  it('is little more than the base where adapters are', () => {
    const bytes = diskEstimate(plans('{base: /m, finetune: {method: lora}}', model)) ?? 0;
    expect(bytes).toBeGreaterThan(14e9);
    expect(bytes).toBeLessThan(2 * 14e9);
  });
  it('is unknown for a student that is not here yet', () =>
    expect(diskEstimate(plans('{base: owner/model}'))).toBeNull());

  it('is told where it is much, and with what to do where it is more than is free', () => {
    expect(diskSentence(5e6, 9e9)).toBeNull();
    expect(diskSentence(5e9, 9e9)).toBe('the runs will need up to 5.0 GB of disk; 9.0 GB are free');
    expect(diskSentence(20e9, 9e9)).toMatch(/9\.0 GB are free: free some space/);
  });
});
