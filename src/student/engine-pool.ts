import { TutelageError } from '../core/errors';
import type { EngineProcess, Runtime } from './engine-process';

interface Waiter {
  readonly runtime: Runtime;
  readonly modelKey: string | undefined;
  readonly give: (engine: EngineProcess) => void;
  readonly refuse: (error: Error) => void;
}

/**
 * Up to `slots` warm engines, started when first needed. Waiting callers are served in order of arrival. A slot is a GPU, where
 * there is one, and belongs to one engine: an idle engine of another runtime ends before one that is needed starts.
 */
export class EnginePool {
  private readonly idle: EngineProcess[] = [];
  private readonly busy = new Set<EngineProcess>();
  private readonly waiting: Waiter[] = [];
  /** Engines that receive no more jobs and are ending. */
  private readonly leaving = new Set<Promise<void>>();
  /** Of those, the ones that must be gone before another starts in their place. */
  private retiring = 0;
  private isClosed = false;

  constructor(
    private readonly slots: number,
    private readonly start: (runtime: Runtime) => EngineProcess,
  ) {}

  /** Starts engines ahead of the first job, as importing torch takes seconds. */
  warm(engines: number): void {
    this.dropDead();
    while (!this.isClosed && this.size < Math.min(engines, this.slots)) {
      this.idle.push(this.start('transformers'));
    }
  }

  /** An engine for one job, if possible the one that holds the model already. It must be given back by `release`. */
  async acquire(runtime: Runtime, modelKey: string | undefined, signal: AbortSignal): Promise<EngineProcess> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const give = (engine: EngineProcess) => {
        signal.removeEventListener('abort', onAbort);
        resolve(engine);
      };
      const waiter: Waiter = { runtime, modelKey, give, refuse: reject };
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
    return this.idle.length + this.busy.size + this.retiring;
  }

  private serve(): void {
    this.dropDead();
    while (this.waiting.length > 0) {
      if (this.isClosed) {
        this.waiting.shift()?.refuse(new TutelageError('transient', 'the student engines were closed'));
        continue;
      }
      const { runtime } = this.waiting[0] as Waiter;
      if (!this.idle.some((engine) => engine.runtime === runtime)) {
        if (this.size >= this.slots) {
          this.retireIdle();
          return;
        }
        this.idle.push(this.start(runtime));
      }
      const waiter = this.waiting.shift() as Waiter;
      const engine = this.takeIdle(waiter);
      engine.modelKey = waiter.modelKey;
      this.busy.add(engine);
      waiter.give(engine);
    }
  }

  /** The one that holds the model, else the one that has been idle for longest. */
  private takeIdle({ runtime, modelKey }: Waiter): EngineProcess {
    const fitting = this.idle.filter((engine) => engine.runtime === runtime);
    const holder = fitting.find((engine) => modelKey !== undefined && engine.modelKey === modelKey);
    const taken = (holder ?? fitting[0]) as EngineProcess;
    this.idle.splice(this.idle.indexOf(taken), 1);
    return taken;
  }

  /** Ends the engine that has been idle for longest; who waits is served when it has let go of its GPU. */
  private retireIdle(): void {
    const engine = this.idle.shift();
    if (engine === undefined) {
      return;
    }
    this.retiring += 1;
    const end = engine.close().finally(() => {
      this.retiring -= 1;
      this.leaving.delete(end);
      this.serve();
    });
    this.leaving.add(end);
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
