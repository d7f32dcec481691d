import { TutelageError } from '../core/errors';
import type { EngineProcess } from './engine-process';

interface Waiter {
  readonly modelKey: string | undefined;
  readonly give: (engine: EngineProcess) => void;
  readonly refuse: (error: Error) => void;
}

/** Up to `slots` warm engines, started when first needed. Who waits is served in order of arrival. */
export class EnginePool {
  private readonly idle: EngineProcess[] = [];
  private readonly busy = new Set<EngineProcess>();
  private readonly waiting: Waiter[] = [];
  /** Engines that are not to work again, on their way out. */
  private readonly leaving = new Set<Promise<void>>();
  private isClosed = false;

  constructor(
    private readonly slots: number,
    private readonly start: () => EngineProcess,
  ) {}

  /** Starts engines ahead of the first job, as importing torch takes seconds. */
  warm(engines: number): void {
    this.dropDead();
    while (!this.isClosed && this.size < Math.min(engines, this.slots)) {
      this.idle.push(this.start());
    }
  }

  /** An engine for one job, if possible the one that holds the model already. It must be given back by `release`. */
  async acquire(modelKey: string | undefined, signal: AbortSignal): Promise<EngineProcess> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const give = (engine: EngineProcess) => {
        signal.removeEventListener('abort', onAbort);
        resolve(engine);
      };
      const waiter: Waiter = { modelKey, give, refuse: reject };
      const onAbort = () => {
        this.waiting.splice(this.waiting.indexOf(waiter), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.waiting.push(waiter);
      this.serve();
    });
  }

  release(engine: EngineProcess): void {
    this.busy.delete(engine);
    this.idle.push(engine);
    this.serve();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.serve();
    await Promise.all([...this.leaving, ...[...this.idle, ...this.busy].map((engine) => engine.close())]);
  }

  private get size(): number {
    return this.idle.length + this.busy.size;
  }

  private serve(): void {
    this.dropDead();
    while (this.waiting.length > 0) {
      if (this.isClosed) {
        this.waiting.shift()?.refuse(new TutelageError('transient', 'the student engines were closed'));
        continue;
      }
      if (this.idle.length === 0 && this.size < this.slots) {
        this.idle.push(this.start());
      }
      if (this.idle.length === 0) {
        return;
      }
      const waiter = this.waiting.shift() as Waiter;
      const engine = this.takeIdle(waiter.modelKey);
      engine.modelKey = waiter.modelKey;
      this.busy.add(engine);
      waiter.give(engine);
    }
  }

  /** The one that holds the model, else the one that has been idle for longest. */
  private takeIdle(modelKey: string | undefined): EngineProcess {
    const holder = this.idle.findIndex((engine) => modelKey !== undefined && engine.modelKey === modelKey);
    return this.idle.splice(Math.max(holder, 0), 1)[0] as EngineProcess;
  }

  private dropDead(): void {
    for (const engine of this.idle.splice(0)) {
      if (engine.isUsable) {
        this.idle.push(engine);
      } else {
        const end = engine.close().finally(() => this.leaving.delete(end));
        this.leaving.add(end);
      }
    }
  }
}
