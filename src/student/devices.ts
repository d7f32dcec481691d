import { spawnSync } from 'node:child_process';

/**
 * The NVIDIA cards that engines may use, as CUDA_VISIBLE_DEVICES names them; none on a machine without. A variable that
 * is set already (by a scheduler, say) is what counts; else the driver's own tool is asked, which takes a moment.
 */
export function visibleCards(environment: NodeJS.ProcessEnv = process.env): string[] {
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

/** Gives each engine a card of its own, as long as there are some: the one that the fewest use. */
export class Cards {
  private readonly users: Map<string, number>;

  constructor(cards: readonly string[]) {
    this.users = new Map(cards.map((card) => [card, 0]));
  }

  /** `null` on a machine without cards. */
  take(): string | null {
    const [least] = [...this.users].sort(([, left], [, right]) => left - right);
    if (least === undefined) {
      return null;
    }
    this.users.set(least[0], least[1] + 1);
    return least[0];
  }

  free(card: string): void {
    this.users.set(card, (this.users.get(card) ?? 1) - 1);
  }
}
