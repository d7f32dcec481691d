import { TutelageError } from '../core/errors';

/** The engine failed or hung during a job, and was not killed from outside, so the failure may repeat. */
export class EngineFailure extends TutelageError {
  constructor(message: string, hint: string) {
    super('transient', message, hint);
  }
}

/**
 * Distinguishes failures that will repeat from transient ones: a job that fails twice in a row with the same message would fail
 * every time, and every attempt takes its time. Each process keeps its own count.
 */
export class RepeatedFailures {
  private readonly last = new Map<string, string>();

  /** @throws what `perform` throws; TutelageError `student-failed`, which is final, at a second equal failure. */
  async watch<Result>(job: string, perform: () => Promise<Result>): Promise<Result> {
    try {
      const result = await perform();
      this.last.delete(job);
      return result;
    } catch (error) {
      if (!(error instanceof EngineFailure)) {
        throw error;
      }
      const [said = ''] = error.message.split('\n');
      const isSecond = this.last.get(job) === said;
      this.last.set(job, said);
      if (!isSecond) {
        throw error;
      }
      // After the cause is fixed, the same command has two attempts again.
      this.last.delete(job);
      throw new TutelageError('student-failed', `${error.message} (twice in a row)`, error.hint, { cause: error });
    }
  }
}
