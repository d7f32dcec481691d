/**
 * The few errors a person meets. The message says what was expected, what came, and the next step; `isRetryable` is
 * decided here, once, and the retry policies read it. Told apart by the marker, not by `instanceof`, because errors
 * cross the workflow sandbox and module copies.
 */
export type TutelageErrorKind =
  /** The file or the command line is wrong: exit code 2. */
  | 'usage'
  /** Another process holds what this one needs: exit code 1. */
  | 'busy'
  /** A server, interpreter or credential is missing: exit code 4. */
  | 'missing'
  /** Stored data is not what its hash or schema says. */
  | 'damaged'
  /** The teacher's endpoint refuses every request (key, quota, model): the run pauses. */
  | 'teacher-refused'
  /** The student engine found its input wrong. */
  | 'student-input'
  /** Something died or timed out; doing it again may help. */
  | 'transient';

export class TutelageError extends Error {
  readonly tutelage = true;
  readonly isRetryable: boolean;

  constructor(
    readonly kind: TutelageErrorKind,
    message: string,
    /** One line that says what to do next. */
    readonly hint?: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = `Tutelage.${kind}`;
    this.isRetryable = kind === 'transient';
  }
}

export function isTutelageError(error: unknown): error is TutelageError {
  return typeof error === 'object' && error !== null && (error as { tutelage?: unknown }).tutelage === true;
}
