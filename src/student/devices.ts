import { spawnSync } from 'node:child_process';

/**
 * The NVIDIA GPUs that engines may use, as CUDA_VISIBLE_DEVICES names them; empty on a machine without any. A variable that
 * is set already (by a scheduler, say) is what counts; else the driver's own tool is asked, which takes a moment.
 */
export function visibleGpus(environment: NodeJS.ProcessEnv = process.env): string[] {
  const { CUDA_VISIBLE_DEVICES: given, TUTELAGE_DEVICE: device } = environment;
  if (device !== undefined && device !== '' && device !== 'cuda') {
    return [];
  }
  if (given !== undefined) {
    return given.split(',').flatMap((name) => (name.trim() === '' || name.trim() === '-1' ? [] : [name.trim()]));
  }
  const { stdout, status } = spawnSync('nvidia-smi', ['--list-gpus'], {
    encoding: 'utf8',
    timeout: 10_000,
    env: environment,
  });
  return status === 0 ? [...stdout.matchAll(/^GPU (\d+):/gm)].map(([, index]) => index as string) : [];
}

/** Gives each engine the GPU that the fewest engines use. */
export class Gpus {
  private readonly users: Map<string, number>;

  constructor(gpus: readonly string[]) {
    this.users = new Map(gpus.map((gpu) => [gpu, 0]));
  }

  /** `null` on a machine without GPUs. */
  take(): string | null {
    const [least] = [...this.users].sort(([, left], [, right]) => left - right);
    if (least === undefined) {
      return null;
    }
    this.users.set(least[0], least[1] + 1);
    return least[0];
  }

  free(gpu: string): void {
    this.users.set(gpu, (this.users.get(gpu) ?? 1) - 1);
  }
}
